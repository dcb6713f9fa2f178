"""Lambda: the scorer as a function; the event of one HTTP request in, its answer out.

Promise: a call that is answered with predictions has its record in the bucket. A sandbox may be
frozen for good once an answer is out, so the record is shipped before; when the bucket does not
take it, the answer is 503. Every capture mode but `off` is this one. What an invocation that ran
out of time has left in the spool is shipped by the next one of its sandbox, if there is one.
"""

import base64
import io
import logging
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from scienceops.core.captures import CapturedCall, CaptureMode
from scienceops.errors import CaptureUnavailable
from scorer_container.capture import CaptureSpool
from scorer_container.capture_modes import Capture, Off, Sampled, check_none_aside
from scorer_container.ship import Shipper

log = logging.getLogger(__name__)

#: An answer carries 6 MB, and bytes are written as base64 in it.
LARGEST_ANSWER_BYTES = 4_400_000
#: How long a call waits for a bucket that does not answer. Whoever calls gives up after 25 s, and
#: is told before that its record was not taken.
BUCKET_SECONDS = 15.0

Event = Mapping[str, Any]
Handler = Callable[[Event, object], dict[str, Any]]


class Shipped:
    """Capture in the bucket when `keep` returns."""

    def __init__(self, spool: CaptureSpool, shipper: Shipper) -> None:
        self._spool = spool
        self._shipper = shipper

    def keep(self, calls: Sequence[CapturedCall]) -> list[bool]:
        """Write them and ship them; raises CaptureUnavailable when the bucket takes them not."""
        self._spool.append(calls)
        sealed = self._spool.seal()
        try:
            self._shipper.ship_all()
        except Exception as error:
            log.exception("captures not shipped", extra={"waiting": self._shipper.waiting()})
            raise CaptureUnavailable(
                "the bucket has not taken the record of this call; it is kept and may still arrive",
                retry_after_seconds=5,
            ) from error
        check_none_aside(sealed)
        return [True] * len(calls)


def open_handler() -> Handler:
    """The function of this sandbox: its package unpacked, its model loaded."""
    import pyarrow.parquet  # noqa: F401  # Loaded now, for here the first call would wait for it.

    from scienceops.bootstrap import connect_objects
    from scienceops.config import load_scorer_settings, load_settings
    from scienceops.core.package import read_package
    from scienceops.logs import configure_logs
    from scorer_container.serve import build
    from scorer_container.ship import read_layout

    configure_logs()
    # The same image runs in many sandboxes, and each needs a name of its own.
    settings, replica = load_settings(), uuid.uuid4().hex[:12]
    hasty = settings.aws.model_copy(update={"call_seconds": BUCKET_SECONDS})
    scorer = load_scorer_settings()
    # The disk dies with the sandbox, so that nothing less than the bucket keeps a record.
    mode = "off" if scorer.capture == "off" else "stored"
    scorer = scorer.model_copy(update={"replica": replica, "capture": mode})
    scorer.spool.mkdir(parents=True, exist_ok=True)
    folder = room_for_package()
    read_package(scorer.package, limit_bytes=settings.upload_limit_bytes).extract_to(folder)
    shipper = Shipper(
        scorer.spool,
        connect_objects(settings.model_copy(update={"aws": hasty})),
        read_layout(folder),
        service=scorer.service,
        version=scorer.version,
        digest=scorer.package_digest,
    )

    def capture(mode: CaptureMode, share: float, spool: CaptureSpool) -> Capture:
        kept: Capture = Off() if mode == "off" else Shipped(spool, shipper)
        return kept if share >= 1 else Sampled(share, kept)

    face = build(folder, scorer, make_capture=capture)
    return lambda event, _: answer(face, event)


def room_for_package() -> Path:
    """A folder that is not there yet: what an earlier start left in it goes first.

    A sandbox is started again after a crash or a time-out, and when its first start took over ten
    seconds; its disk stays, and would hold the package twice.
    """
    folder = Path(tempfile.gettempdir()) / "scienceops-package"
    if folder.exists():
        shutil.rmtree(folder)
    return folder


def answer(face: Callable[..., Any], event: Event) -> dict[str, Any]:
    """What the WSGI app says to the event of an HTTP API, format 2.0."""
    told: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        told.update(statusCode=int(status.partition(" ")[0]), headers=dict(headers))

    body = b"".join(face(environ_of(event), start_response))
    if len(body) > LARGEST_ANSWER_BYTES:
        from scienceops.problems import TYPE

        body = (
            b'{"type":"about:blank","title":"AnswerTooLarge","status":413,"detail":"the answer is '
            b'over what Lambda carries; send fewer rows at a time, or set runtime = fargate"}'
        )
        told = {"statusCode": 413, "headers": {"Content-Type": TYPE}}
    return {**told, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def environ_of(event: Event) -> dict[str, Any]:
    """The event as WSGI hands over a request. Source: PEP 3333."""
    body = event.get("body") or ""
    content = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    environ = {
        "REQUEST_METHOD": event["requestContext"]["http"]["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(event["rawPath"], "latin-1"),
        "QUERY_STRING": event.get("rawQueryString", ""),
        "CONTENT_LENGTH": str(len(content)),
        "SERVER_NAME": "lambda",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in event.get("headers", {}).items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key != "CONTENT_LENGTH":
            environ[f"HTTP_{key}"] = value
    return environ


def __getattr__(name: str) -> Handler:
    """`handler`, made when the runtime client takes it: at the start, which Lambda gives more
    processor than a call, and not when something else imports this module."""
    if name != "handler":
        raise AttributeError(name)
    return open_handler()
