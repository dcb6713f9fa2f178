"""The limit: our server, with nothing behind it than the bytes that came.

python -m benchmarks.scoring.apps.echo_app PORT WORKERS
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from scorer_container.scoring import Reply
from scorer_container.server import serve


class Echo:
    """An app that answers with the body of its request."""

    limit_bytes = 1 << 24

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        start_response("200 OK", [("Content-Type", "application/json")])
        return (environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])),)

    def quick(self, asked: Sequence[tuple[dict[str, Any], bytes]]) -> list[Reply]:
        """Answers, for which others may wait as they do for the scores of a row."""
        return [Reply(200, "application/json", body, {}) for _, body in asked]


if __name__ == "__main__":
    port, workers = sys.argv[1:]
    sys.exit(serve(Echo, bind=f"127.0.0.1:{port}", workers=int(workers), threads=2))
