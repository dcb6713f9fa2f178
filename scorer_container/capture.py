"""Capture: every acknowledged call is in a spool file first, so no process's death loses it."""

import errno
import fcntl
import logging
import os
import secrets
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from scienceops.core.captures import CapturedCall
from scienceops.errors import CaptureUnavailable
from scorer_container.spooled import to_frame

log = logging.getLogger(__name__)

OPEN = ".open"
SEALED = ".sealed"
#: Ends the name of a file that could not be shipped, for a person to look at.
DAMAGED = ".damaged"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class CaptureSpool:
    """Appends calls to a spool file of its own, sealed by age or size; one per worker process.

    The file is locked while it is written to. Who can take the lock knows its writer is dead.
    """

    def __init__(
        self,
        folder: Path,
        replica: str,
        *,
        segment_seconds: float,
        segment_rows: int,
        limit_bytes: int,
        synced: bool = False,
        stored: bool = False,
    ) -> None:
        # Segment names are put-if-absent, so no two writers, ever, may share one.
        self._writer = replica + secrets.token_hex(4)
        self._folder = folder
        self._segment_seconds = segment_seconds
        self._segment_rows = segment_rows
        self._limit_bytes = limit_bytes
        self._synced = synced
        self._stored = stored
        #: Files that replies may be waiting for.
        self._sealed: list[Path] = []
        #: Numbers of files that the disk may not have all of.
        self._unsynced: set[int] = set()
        self._lock = threading.Lock()
        self._sequence = 0
        self._file = -1
        self._size = 0
        self._rows = 0
        self._opened_at = 0.0
        self._others_bytes = 0
        self._measure()
        threading.Thread(target=self._seal_by_age, name="capture", daemon=True).start()

    def append(self, calls: Sequence[CapturedCall]) -> int:
        """Keep calls; raises CaptureUnavailable, with nothing kept, when that is not possible.

        The number of the file that has them.
        """
        return self.append_frame(to_frame(calls), sum(len(call.predictions) for call in calls))

    def append_frame(self, frame: bytes, rows: int, *, beyond_limit: bool = False) -> int:
        """The same for calls as `to_frame` writes them, with so many rows in all."""
        with self._lock:
            if not (beyond_limit or self.has_room(len(frame))):
                raise CaptureUnavailable(
                    f"{self.size_bytes} bytes of captures wait for the bucket; not scored",
                    retry_after_seconds=5,
                )
            try:
                if self._file < 0:
                    self._open()
                self._write(frame)
            except OSError as error:
                reason = "no space left" if error.errno in FULL else f"no room: {error.strerror}"
                raise CaptureUnavailable(
                    f"{reason} for captures; not scored", retry_after_seconds=5
                ) from error
            self._size += len(frame)
            self._rows += rows
            sequence = self._sequence
            if self._rows >= self._segment_rows:
                try:
                    self._seal()
                except OSError:
                    # What was kept stays kept.
                    log.exception("captures were not sealed; it is tried again")
        return sequence

    @property
    def size_bytes(self) -> int:
        """Bytes that wait for the bucket, as of a moment ago."""
        return self._others_bytes + self._size

    def has_room(self, size: int = 1) -> bool:
        """Whether so many bytes more would be kept."""
        return self.size_bytes + size <= self._limit_bytes

    def sync(self) -> None:
        """Return once the disk has all that was appended before, but what `check_synced` tells."""
        with self._lock:
            if self._file < 0:
                # Sealed since, and synced then.
                return
            sequence, file = self._sequence, -1
            try:
                file = os.dup(self._file)
            except OSError as error:
                raise _unsynced(error) from error
        try:
            os.fdatasync(file)
        except OSError as error:
            self._note_unsynced(sequence)
            raise _unsynced(error) from error
        finally:
            os.close(file)

    def check_synced(self, sequence: int) -> None:
        """Raise CaptureUnavailable if the disk may not have all of this file.

        A failure is told once, to whoever asks first, and concerns all who wrote before.
        """
        if sequence in self._unsynced:
            raise _unsynced("it failed for the file that has it")

    def seal(self) -> list[Path]:
        """End the open file, for it to be shipped now; the files of this spool not shipped yet.

        Raises CaptureUnavailable when the disk does not do it.
        """
        with self._lock:
            if self._file >= 0 and self._rows:
                try:
                    self._seal()
                except OSError as error:
                    raise _unsynced(error) from error
            self._sealed = [path for path in self._sealed if path.exists()]
            return list(self._sealed)

    def _note_unsynced(self, sequence: int) -> None:
        """Go on in another file: of this one the disk would now say that it has what it has not."""
        with self._lock:
            self._unsynced.add(sequence)
            if self._sequence == sequence and self._file >= 0:
                try:
                    self._end_file()
                except OSError:
                    log.exception("captures were not sealed; it is tried again")

    def _write(self, frame: bytes) -> None:
        try:
            written = os.write(self._file, frame)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        if written < len(frame):
            # Half a frame is none: take it back before anything follows it.
            os.ftruncate(self._file, self._size)
            raise OSError(errno.ENOSPC, "no space left for captures")

    def _open(self) -> None:
        self._sequence += 1
        name = f"{self._writer}-{self._sequence:08d}"
        # It gets its name only once it is locked, so nobody takes it for a dead writer's.
        hidden = self._folder / f".{name}"
        path = hidden
        file = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            path = hidden.rename(self._folder / (name + OPEN))
            if self._synced:
                # A file that no folder knows after a crash is lost, whatever it holds.
                folder = os.open(self._folder, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
        except OSError:
            path.unlink()
            os.close(file)
            raise
        self._file, self._size, self._rows = file, 0, 0
        self._opened_at = time.monotonic()

    def _seal(self) -> None:
        if self._synced:
            try:
                os.fdatasync(self._file)
            except OSError:
                log.exception("the disk did not take what was captured")
                self._unsynced.add(self._sequence)
        self._end_file()

    def _end_file(self) -> None:
        name = f"{self._writer}-{self._sequence:08d}"
        (self._folder / (name + OPEN)).rename(self._folder / (name + SEALED))
        if self._stored:
            self._sealed.append(self._folder / (name + SEALED))
        os.close(self._file)
        self._others_bytes += self._size
        self._file, self._size, self._rows = -1, 0, 0

    def _seal_by_age(self) -> None:
        pause = min(self._segment_seconds / 4, 1.0)
        while True:
            time.sleep(pause)
            try:
                with self._lock:
                    old = time.monotonic() - self._opened_at >= self._segment_seconds
                    if self._file >= 0 and self._rows and old:
                        self._seal()
                self._measure()
            except OSError:
                log.exception("captures were not sealed; it is tried again")

    def _measure(self) -> None:
        mine = f"{self._writer}-{self._sequence:08d}{OPEN}"
        total = 0
        for entry in os.scandir(self._folder):
            try:
                total += entry.stat().st_size if entry.name != mine else 0
            except FileNotFoundError:
                continue
        self._others_bytes = total


def _unsynced(reason: object) -> CaptureUnavailable:
    return CaptureUnavailable(
        f"the disk did not take the record of this call: {reason}; it may be kept all the same",
        retry_after_seconds=5,
    )
