"""Face: one worker's app without a server, asked as WSGI servers ask."""

import hashlib
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from scienceops.core.captures import CaptureMode
from scienceops.core.package import read_package
from scienceops.core.schema import Schema
from scienceops.running import load_runner
from scorer_container.capture import CaptureSpool
from scorer_container.capture_modes import capture_of
from scorer_container.fast import FastFace
from scorer_container.metrics import Metrics
from scorer_container.pace import Pace
from scorer_container.scoring import Scoring, Served
from scorer_container.spooled import from_frames, values_of, whole_frames
from scorer_container.web import create_app

KEY = "the gateway's key"
LIMIT = 200_000


class Face:
    """The app of a package. fast: the face on WSGI alone, else Flask with nothing before it."""

    def __init__(
        self,
        folder: Path,
        package: Path,
        *,
        fast: bool,
        spool_limit: int = 10**9,
        limit: int = LIMIT,
        mode: CaptureMode = "durable",
        share: float = 1.0,
    ) -> None:
        read_package(package, limit_bytes=10**9).extract_to(folder / "package")
        documents = {
            name: json.loads((folder / "package" / f"{name}.json").read_bytes())
            for name in ("manifest", "schema", "sample")
        }
        schema = Schema.from_json_schema(documents["schema"])
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        served = Served(
            "iris", 1, "d" * 64, documents["manifest"], schema, documents["sample"], digest, limit
        )
        self.spool = folder / "spool"
        self.spool.mkdir()
        spool = CaptureSpool(
            self.spool, "r", segment_seconds=3600, segment_rows=10**6, limit_bytes=spool_limit
        )
        metrics = Metrics("iris", 1, "w", schema)
        capture = capture_of(mode, share, spool)
        scoring = Scoring(served, load_runner(folder / "package"), capture, metrics, together=True)
        self.scoring = scoring
        self.flask_made = 0

        def others() -> Callable[..., Iterable[bytes]]:
            self.flask_made += 1
            return create_app(served, scoring, spool, metrics).wsgi_app

        self.app = FastFace(scoring, spool, others, Pace()) if fast else others()

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        chunked: bool = False,
        kind: str = "application/json",
        **headers: str,
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, headers by lower-case name, body)."""
        environ = environ_of(method, path, body, kind=kind, **headers)
        if chunked:
            environ |= {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
        else:
            environ["CONTENT_LENGTH"] = str(len(body))
        told: list[Any] = []
        answer = b"".join(self.app(environ, lambda *began: told.append(began)))
        ((status, sent),) = told
        return int(status.split()[0]), {k.lower(): v for k, v in sent}, answer

    def captured(self) -> list[dict[str, Any]]:
        """Every captured call, its columns as lists."""
        spooled = b"".join(path.read_bytes() for path in self.spool.iterdir())
        calls = [
            msgspec.structs.asdict(call)
            for calls in from_frames(whole_frames(spooled)[0])
            for call in calls
        ]
        for call in calls:
            call["columns"] = [
                np.concatenate(values_of([values])).tolist() for values in call["columns"]
            ]
        return calls


def environ_of(
    method: str, path: str, body: bytes, *, kind: str = "application/json", **headers: str
) -> dict[str, Any]:
    """A request as WSGI servers give it, by the gateway."""
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "scorer",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "CONTENT_TYPE": kind,
        "HTTP_AUTHORIZATION": f"Bearer {KEY}",
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
