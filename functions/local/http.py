"""The http door's own process: serve the Flask app until told to stop or the parent dies."""

import sys

from scienceops.logs import configure_logs
from scienceops.serving import serve


def main() -> int:
    """Serve on the address given; over HTTPS when a certificate and its key are given too."""
    configure_logs()
    from scienceops.web.wsgi import build

    bind, *files = sys.argv[1:]
    certificate = (files[0], files[1]) if files else None
    return serve(build, bind=bind, workers=1, threads=16, watch_stdin=True, certificate=certificate)


if __name__ == "__main__":
    sys.exit(main())
