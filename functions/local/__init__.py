"""The doors on one machine."""
