"""Ship: a process of its own that seals spool files and puts them in the bucket."""

import fcntl
import io
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

import msgspec

from scienceops.config import load_scorer_settings, load_settings
from scienceops.core.captures import CaptureLayout
from scienceops.core.schema import Schema
from scienceops.errors import ObjectExists
from scienceops.logs import configure_logs
from scienceops.ports.object_store import ObjectStore
from scienceops.serving import stop_when_closed
from scorer_container.capture import DAMAGED, OPEN, SEALED
from scorer_container.seal import seal
from scorer_container.spooled import is_unfinished, whole_frames

log = logging.getLogger("scorer_container.ship")

PAUSE_SECONDS = 0.25
#: The same where replies wait for the bucket.
SHORT_PAUSE_SECONDS = 0.005
LONGEST_WAIT_SECONDS = 30.0
LAST_ATTEMPTS = 5
#: How long the last look waits for files that are written to: by a worker that outlived its killed
#: server, which ends once its replies are out.
HELD_SECONDS = 12.0


class Shipper:
    """Ships the spool files of one version; two shippers on one folder do no harm."""

    def __init__(
        self,
        spool: Path,
        objects: ObjectStore,
        layout: CaptureLayout,
        *,
        service: str,
        version: int,
        digest: str,
    ) -> None:
        self._spool = spool
        self._objects = objects
        self._layout = layout
        self._service = service
        self._version = version
        self._digest = digest

    def ship_all(self) -> int:
        """Ship every file whose writer is done or dead; how many. Raises what the bucket raises."""
        shipped = 0
        for path in sorted(self._spool.iterdir()):
            if path.suffix in (OPEN, SEALED) and not path.name.startswith("."):
                shipped += self._ship(path)
        return shipped

    def waiting(self) -> int:
        """How many files have not been shipped."""
        return sum(path.suffix in (OPEN, SEALED) for path in self._spool.iterdir())

    def _ship(self, path: Path) -> bool:
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if not path.exists():
                # Sealed by its writer, or shipped by another, between the look and the lock.
                return False
            with open(file, "rb", closefd=False) as content:  # By handle, not path.
                fault = self._put(path, content.read())
            if not fault:
                path.unlink()
                return True
            # A person may mend it, and give it its name again; those of other files do not wait.
            aside = path.rename(path.with_suffix(DAMAGED))
            log.error("captures kept aside", extra={"file": str(aside), "reason": fault})
            return False
        finally:
            os.close(file)

    def _put(self, path: Path, spooled: bytes) -> str:
        """Put what can be read into the bucket; what is wrong with the rest, if anything is."""
        frames, rest = whole_frames(spooled)
        try:
            sealed = seal(frames, self._layout, self._service, self._version, self._digest)
        except (msgspec.MsgspecError, ValueError, TypeError, LookupError, OverflowError) as error:
            return f"a record cannot be read: {error}"
        writer, _, sequence = path.stem.rpartition("-")
        for partition, data in sorted(sealed.items()):
            key = partition.segment_key(writer, int(sequence))
            try:
                self._objects.put(key, data, if_absent=True)
            except ObjectExists:
                # Put before: by a shipper that died before it could delete the file, or of what
                # could be read of it before a person mended it.
                if self._has_fewer_rows(key, data):
                    self._objects.put(key, data)
                    log.info("segment replaced by that of a mended file", extra={"key": key})
                else:
                    log.info("segment was there already", extra={"key": key})
        if not rest:
            return ""
        if path.suffix == OPEN and is_unfinished(rest):
            log.warning("an unfinished record was left out", extra={"bytes": len(rest)})
            return ""
        return f"the last {len(rest)} bytes are no record"

    def _has_fewer_rows(self, key: str, data: bytes) -> bool:
        """Whether the segment in the bucket has fewer rows than this one, or a damaged end.

        At its end it says how many it has.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        there = self._objects.get(key)
        try:
            rows = pq.read_metadata(io.BytesIO(there)).num_rows
        except (pa.ArrowException, OSError):
            return True
        return bool(rows < pq.read_metadata(io.BytesIO(data)).num_rows)


def read_layout(folder: Path) -> CaptureLayout:
    """The columns of the captures of the package unpacked in `folder`."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    schema = Schema.from_json_schema(json.loads((folder / "schema.json").read_bytes()))
    return CaptureLayout(manifest["task"], schema, tuple(manifest["classes"]))


def main(folder: Path) -> int:
    """Ship until told to stop, then ship what is left; 1 when some of it could not be shipped."""
    configure_logs()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Held back since before this process began.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    stop_when_closed()
    settings = load_scorer_settings()
    from scienceops.bootstrap import connect_objects

    shipper = Shipper(
        settings.spool,
        connect_objects(load_settings()),
        read_layout(folder),
        service=settings.service,
        version=settings.version,
        digest=settings.package_digest,
    )
    pause = SHORT_PAUSE_SECONDS if settings.capture == "stored" else PAUSE_SECONDS
    wait = pause
    failures, until = 0, 0.0
    while True:
        last = stop.is_set()
        until = until or (time.monotonic() + HELD_SECONDS if last else 0.0)
        try:
            shipper.ship_all()
            wait, failures = pause, 0
        except Exception:
            failures += 1
            wait = min(max(wait, PAUSE_SECONDS) * 2, LONGEST_WAIT_SECONDS)
            log.exception("captures not shipped", extra={"waiting": shipper.waiting()})
        if not last:
            stop.wait(wait)
            continue
        left = shipper.waiting()
        if not left:
            return 0
        if failures >= LAST_ATTEMPTS or (failures == 0 and time.monotonic() > until):
            log.error("captures left for the next start", extra={"files": left})
            return 1
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
