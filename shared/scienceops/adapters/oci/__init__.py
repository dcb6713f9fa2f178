"""OCI registries: what every platform that runs containers shares."""
