"""Capture modes: what has happened to a call's record when its reply is given."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import compress
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Protocol

from scienceops.core.captures import CapturedCall, CaptureMode
from scienceops.errors import CaptureUnavailable
from scorer_container.capture import DAMAGED, CaptureSpool
from scorer_container.group_commit import GroupCommit
from scorer_container.spooled import to_frame

log = logging.getLogger(__name__)

#: How long a reply waits for the bucket.
STORED_SECONDS = 10.0
LOOK_SECONDS = 0.005
#: How often what is buffered is written, and how much may wait for that.
BUFFER_SECONDS = 0.2
MOST_BUFFERED_BYTES = 64 * 1024 * 1024


class Capture(Protocol):
    """Keeps records of calls."""

    def keep(self, calls: Sequence[CapturedCall]) -> list[bool]:
        """Whether each call is recorded; raises CaptureUnavailable when one should be and is not.

        Of calls that come together all are kept or none.
        """
        ...


#: Makes the capture of a mode, of this share of the calls.
MakeCapture = Callable[[CaptureMode, float, CaptureSpool], Capture]


class Durable:
    """In the spool's file: it survives the death of any process, while its disk lives."""

    def __init__(self, spool: CaptureSpool) -> None:
        self._spool = spool

    def keep(self, calls: Sequence[CapturedCall]) -> list[bool]:
        """Write them."""
        self._spool.append(calls)
        return [True] * len(calls)


class Synced:
    """On the disk itself: it survives the machine. Replies that wait share one fdatasync."""

    def __init__(self, spool: CaptureSpool) -> None:
        self._spool = spool
        self._group = GroupCommit(spool.sync)

    def keep(self, calls: Sequence[CapturedCall]) -> list[bool]:
        """Write them, and wait for the disk."""
        sequence = self._spool.append(calls)
        self._group.wait()
        self._spool.check_synced(sequence)
        return [True] * len(calls)


class Stored:
    """In the bucket: it survives a disk that dies with its task. Waiting replies share objects."""

    def __init__(self, spool: CaptureSpool, seconds: float = STORED_SECONDS) -> None:
        self._spool = spool
        self._seconds = seconds
        self._group = GroupCommit(self._store)

    def keep(self, calls: Sequence[CapturedCall]) -> list[bool]:
        """Write them, and wait until the shipping process has put them into the bucket."""
        self._spool.append(calls)
        self._group.wait()
        return [True] * len(calls)

    def _store(self) -> None:
        sealed = waiting = self._spool.seal()
        end = time.monotonic() + self._seconds
        while waiting := [path for path in waiting if path.exists()]:
            if time.monotonic() > end:
                raise CaptureUnavailable(
                    f"the bucket has not taken the record of this call within {self._seconds:g} s; "
                    "it is kept and may still arrive",
                    retry_after_seconds=5,
                )
            time.sleep(LOOK_SECONDS)
        check_none_aside(sealed)


def check_none_aside(sealed: Sequence[Path]) -> None:
    """Raise CaptureUnavailable if one of these files was kept aside instead of being shipped."""
    if any(path.with_suffix(DAMAGED).exists() for path in sealed):
        raise CaptureUnavailable(
            "the record of this call, or of one beside it, could not be put into the bucket; "
            "the scorer's log says why",
            retry_after_seconds=5,
        )


class Buffered:
    """In memory, and in the spool's file within BUFFER_SECONDS: a process that dies takes what was
    not written with it. One that is asked to end writes it first."""

    def __init__(self, spool: CaptureSpool) -> None:
        self._spool = spool
        #: Frames with their rows, and the bytes of all of them.
        self._frames: deque[tuple[bytes, int]] = deque()
        self._bytes = 0
        self._room, self._turn = threading.Lock(), threading.Lock()
        threading.Thread(target=self._write_on, name="buffer", daemon=True).start()
        # A worker process ends without the interpreter's own way out.
        Finalize(None, self.end, exitpriority=100)

    def keep(self, calls: Sequence[CapturedCall]) -> list[bool]:
        """Remember them; raises CaptureUnavailable when there is no room for them further on."""
        frame = to_frame(calls)
        with self._room:
            size = self._bytes + len(frame)
            if size > MOST_BUFFERED_BYTES or not self._spool.has_room(size):
                raise CaptureUnavailable("no room for captures; not scored", retry_after_seconds=5)
            self._bytes = size
            self._frames.append((frame, sum(len(call.predictions) for call in calls)))
        return [True] * len(calls)

    def flush(self, *, beyond_limit: bool = False) -> None:
        """Write all that is buffered, until the spool takes no more."""
        with self._turn:
            while self._frames:
                frame, rows = self._frames[0]
                try:
                    self._spool.append_frame(frame, rows, beyond_limit=beyond_limit)
                except CaptureUnavailable as error:
                    log.warning("captures stay in memory", extra={"reason": str(error)})
                    return
                self._frames.popleft()
                with self._room:
                    self._bytes -= len(frame)

    def end(self) -> None:
        """Write the last: what was acknowledged is kept, whatever else waits for the bucket."""
        self.flush(beyond_limit=True)
        if self._frames:
            log.error("captures were lost", extra={"rows": sum(rows for _, rows in self._frames)})

    def _write_on(self) -> None:
        while True:
            time.sleep(BUFFER_SECONDS)
            try:
                self.flush()
            except Exception:
                # Nobody else would write them, and calls go on being answered.
                log.exception("buffered captures were not written; it is tried again")


class Off:
    """Nowhere."""

    def keep(self, calls: Sequence[CapturedCall]) -> list[bool]:
        """Forget them."""
        return [False] * len(calls)


class Sampled:
    """A share of the calls, whole ones, chosen by their ids: the same call is always the same."""

    def __init__(self, share: float, capture: Capture) -> None:
        self._share = share
        self._capture = capture

    def keep(self, calls: Sequence[CapturedCall]) -> list[bool]:
        """Keep those that are of the share."""
        # The last bits of an id are those of a keyed check, as good as drawn.
        bound = self._share * 2**32
        chosen = [int(call.request_id[-8:], 16) < bound for call in calls]
        if not any(chosen):
            return chosen
        kept = iter(self._capture.keep(list(compress(calls, chosen))))
        return [is_chosen and next(kept) for is_chosen in chosen]


def capture_of(mode: CaptureMode, share: float, spool: CaptureSpool) -> Capture:
    """The capture of a mode, of this share of the calls."""
    makers: dict[CaptureMode, Callable[[CaptureSpool], Capture]] = {
        "durable": Durable,
        "synced": Synced,
        "stored": Stored,
        "buffered": Buffered,
        "off": lambda _: Off(),
    }
    capture = makers[mode](spool)
    return capture if share >= 1 else Sampled(share, capture)
