"""Serve: the web process of a scorer."""

import json
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from scienceops.config import ScorerSettings, load_scorer_settings, load_settings
from scienceops.logs import configure_logs
from scienceops.serving import stop_when_closed
from scorer_container import BOOT_ERROR, CANNOT_LOAD
from scorer_container.server import serve

if TYPE_CHECKING:
    from scienceops.core.captures import CaptureMode
    from scienceops.running import Runner
    from scorer_container.capture_modes import MakeCapture
    from scorer_container.fast import FastFace
    from scorer_container.pace import Pace

#: Imported while the package is unpacked; what starts threads is left to the workers.
READY = ("scorer_container.fast",)
LOOK_SECONDS = 0.005
#: Set by Azure Container Apps, where a scorer has an address that may be the internet's.
CONTAINER_APP = "CONTAINER_APP_NAME"
#: Modes in which a reply waits for the disk or the bucket.
WAITING = frozenset({"synced", "stored"})
#: What a scorer is known as where traces are looked at.
ROLE = "scienceops-scorer"


#: Makes the app of a worker, of a model that is loaded already or is not.
Build = Callable[[Path, ScorerSettings, "Runner | None"], Any]


def build(
    folder: Path,
    scorer: ScorerSettings,
    runner: "Runner | None" = None,
    make_capture: "MakeCapture | None" = None,
) -> "FastFace":
    """The WSGI app of one worker.

    runner: the model, if it is loaded already. make_capture: what makes the capture of a mode and
    share, where that is not the usual one.
    """
    from scienceops.core.schema import Schema
    from scienceops.running import load_runner
    from scienceops.spans import open_spans
    from scorer_container.capture import CaptureSpool
    from scorer_container.capture_modes import capture_of
    from scorer_container.fast import FastFace, Wsgi
    from scorer_container.metrics import Metrics
    from scorer_container.scoring import Scoring, Served

    settings = load_settings()
    documents = {
        name: json.loads((folder / f"{name}.json").read_bytes())
        for name in ("manifest", "schema", "sample")
    }
    manifest, schema = documents["manifest"], Schema.from_json_schema(documents["schema"])
    served = Served(
        service=scorer.service,
        version=scorer.version,
        digest=scorer.package_digest,
        manifest=manifest,
        schema=schema,
        sample=documents["sample"],
        key_sha256=scorer.gateway_key_sha256,
        limit_bytes=settings.request_limit_bytes,
    )
    spool = CaptureSpool(
        scorer.spool,
        scorer.replica,
        segment_seconds=settings.segment_seconds,
        segment_rows=settings.segment_rows,
        limit_bytes=settings.spool_limit_bytes,
        synced=scorer.capture == "synced",
        stored=scorer.capture == "stored",
    )
    metrics = Metrics(scorer.service, scorer.version, str(os.getpid()), schema)
    capture = (make_capture or capture_of)(scorer.capture, scorer.sampling, spool)
    runner, open_calls = runner or load_runner(folder), deque[None]()
    together = bool(manifest.get("runtime", {}).get("independent_rows"))
    if together and not _is_compiled(manifest):
        from scorer_container.merging import MergingRunner

        runner = MergingRunner(runner, open_calls)
    direct = None
    if scorer.direct:
        from scienceops.bootstrap import connect_objects
        from scorer_container.direct_keys import DirectKeys

        direct = DirectKeys(connect_objects(settings), scorer.service)
        direct.keep_fresh()
    spans = open_spans(ROLE)
    scoring = Scoring(
        served, runner, capture, metrics, direct, spans, open_calls, together=together
    )

    def others() -> Wsgi:
        from scorer_container.web import create_app

        is_reachable = CONTAINER_APP in os.environ
        app = create_app(served, scoring, spool, metrics, is_reachable=is_reachable)
        return cast("Wsgi", app.wsgi_app)

    return FastFace(scoring, spool, others, _pace(manifest, scorer.capture))


def main(folder: Path, build: Build = build) -> int:
    """Serve the package unpacked in `folder`, once it is; 3 when it cannot be loaded."""
    # Held back since before this process began; it has nothing to finish yet.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    configure_logs()
    stop_when_closed()
    for name in READY:
        import_module(name)
    while not folder.exists():
        time.sleep(LOOK_SECONDS)
    scorer = load_scorer_settings()
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        runner = _shared(folder, manifest)
    except Exception as error:  # noqa: BLE001  # The process above tells it.
        _tell(folder, error)
        return CANNOT_LOAD

    def build_or_tell() -> Any:
        try:
            return build(folder, load_scorer_settings(), runner)
        except BaseException as error:
            _tell(folder, error)
            raise

    threads = scorer.threads or _threads(manifest, scorer.capture)
    return serve(build_or_tell, bind=scorer.bind, workers=scorer.workers or 1, threads=threads)


def _tell(folder: Path, error: BaseException) -> None:
    (folder / BOOT_ERROR).write_text(f"{type(error).__name__}: {error}")


def _shared(folder: Path, manifest: Mapping[str, Any]) -> "Runner | None":
    """A model that all workers have from before the fork, its memory once; None where each loads
    its own, for code that is not ours may start threads or connections, which do not cross it."""
    from scienceops.running import load_runner

    return load_runner(folder) if _is_compiled(manifest) else None


def _is_compiled(manifest: Mapping[str, Any]) -> bool:
    return bool(manifest.get("runtime", {}).get("kind") == "compiled")


def _pace(manifest: Mapping[str, Any], capture: "CaptureMode") -> "Pace | None":
    """Of a model whose calls may be answered while others wait; None where they wait for something.

    That a reply waits for the disk does not count: what came meanwhile would wait for it, too, and
    waits for the next time now, all together.
    """
    from scorer_container.pace import Pace

    return Pace() if _is_compiled(manifest) and capture != "stored" else None


def _threads(manifest: Mapping[str, Any], capture: "CaptureMode") -> int:
    """How many calls that are not quick a worker takes at a time, where no setting says so."""
    if capture in WAITING:
        # They wait most of the time, and those that wait together are done together.
        return 32
    # A compiled model computes all the while, so that threads only stand in each other's way; one
    # is there for what is not scoring. Calls that are answered together wait for each other.
    # Others may wait for something, or let go of the lock.
    if _is_compiled(manifest):
        return 2
    return 32 if manifest.get("runtime", {}).get("independent_rows") else 8


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
