"""Our scorer with its Flask face alone: as `python -m scorer_container`, without the fast face."""

import io
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from scienceops.config import ScorerSettings, load_scorer_settings
from scienceops.core.package import read_package
from scienceops.running import Runner
from scorer_container import serve
from scorer_container.scoring import Reply


class FlaskFace:
    """The Flask app that the fast face hands over to, asked for everything."""

    def __init__(self, folder: Path, scorer: ScorerSettings, runner: Runner | None) -> None:
        self._fast = serve.build(folder, scorer, runner)
        self.limit_bytes = self._fast.limit_bytes
        self._app = self._fast.others()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        return self._app(environ, start_response)

    def quick(self, asked: Sequence[tuple[dict[str, Any], bytes]]) -> list[Reply]:
        """Answers in the event loop, one after another: Flask knows one request at a time."""
        return [self._reply_to(environ, body) for environ, body in asked]

    def _reply_to(self, environ: dict[str, Any], body: bytes) -> Reply:
        environ["wsgi.input"], told = io.BytesIO(body), list[Any]()
        parts = self._app(environ, lambda *began: told.append(began))
        status, headers = told[-1][:2]
        named = {name.lower(): value for name, value in headers}
        return Reply(int(status[:3]), named.pop("content-type"), b"".join(parts), named)


def main() -> int:
    """Serve until SIGTERM, and ship meanwhile."""
    scorer = load_scorer_settings()
    scorer.spool.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "package"
        read_package(scorer.package, limit_bytes=1 << 30).extract_to(folder)
        words = [sys.executable, "-m", "scorer_container.ship", str(folder)]
        ship = subprocess.Popen(words, stdin=subprocess.PIPE)
        try:
            return serve.main(folder, FlaskFace)
        finally:
            ship.terminate()
            ship.wait()


if __name__ == "__main__":
    sys.exit(main())
