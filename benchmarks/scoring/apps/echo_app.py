"""The limit: our server, with nothing behind it than the bytes that came.

python -m benchmarks.scoring.apps.echo_app PORT WORKERS
"""

import sys
from collections.abc import Iterable
from typing import Any

from scorer_container.server import serve


def build() -> Any:
    """An app that answers with the body of its request."""

    def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        length = str(len(body))
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", length)])
        return (body,)

    return echo


if __name__ == "__main__":
    port, workers = sys.argv[1:]
    # As many threads as a compiled model has.
    sys.exit(serve(build, bind=f"127.0.0.1:{port}", workers=int(workers), threads=2))
