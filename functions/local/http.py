"""The http door's own process: serve the Flask app until told to stop or the parent dies."""

import sys

from scienceops.logs import configure_logs
from scienceops.serving import serve


def main() -> int:
    """Serve on the address given."""
    configure_logs()
    from scienceops.web.wsgi import build

    return serve(build, bind=sys.argv[1], workers=1, threads=16, watch_stdin=True)


if __name__ == "__main__":
    sys.exit(main())
