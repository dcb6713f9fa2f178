"""Settings inside: what of the platform's settings goes with a container, whoever runs it."""

from scienceops.config import PREFIX, Settings

#: Settings that a container is given. An image holds the ScienceOps that it was built with, which
#: knows no later ones, so this list is a contract with every image ever built.
SETTINGS_INSIDE = (
    "environment",
    "upload_limit_bytes",
    "request_limit_bytes",
    "segment_seconds",
    "segment_rows",
    "spool_limit_bytes",
)


def settings_inside(settings: Settings) -> dict[str, str]:
    """Those settings as environment."""
    return {PREFIX + name.upper(): str(getattr(settings, name)) for name in SETTINGS_INSIDE}
