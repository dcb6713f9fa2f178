"""The http door of this machine's own image registry: serve it until told to stop."""

import sys
from pathlib import Path

from scienceops.logs import configure_logs
from scienceops.serving import serve


def main() -> int:
    """Serve the images of the home given, at the address given."""
    configure_logs()
    bind, home = sys.argv[1], Path(sys.argv[2])

    def build() -> object:
        from scienceops.adapters.engine.image_registry import create_registry
        from scienceops.adapters.engine.repository import OWN_PATH, OWN_USER, own_password

        return create_registry(home / "images", OWN_PATH, OWN_USER, own_password(home))

    return serve(build, bind=bind, workers=1, threads=8, watch_stdin=True)


if __name__ == "__main__":
    sys.exit(main())
