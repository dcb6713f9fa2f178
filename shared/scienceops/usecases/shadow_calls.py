"""Shadow calls: calls whose answers nobody waits for, bounded so that they cannot pile up."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from scienceops.errors import ScienceOpsError

log = logging.getLogger(__name__)

WORKERS = 2
MOST_WAITING = 64


class ShadowCalls:
    """Makes calls beside the caller's own; one too many is left out, and that is logged."""

    def __init__(self) -> None:
        self._room = threading.BoundedSemaphore(MOST_WAITING)
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def ask(self, call: Callable[[], object]) -> bool:
        """Make the call soon; False when too many wait already."""
        if not self._room.acquire(blocking=False):
            log.warning("shadow call left out", extra={"waiting": MOST_WAITING})
            return False
        with self._lock:
            if self._pool is None:
                # Threads are started on first use: most services have no shadow.
                self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="shadow")
        self._pool.submit(self._make, call)
        return True

    def _make(self, call: Callable[[], object]) -> None:
        try:
            call()
        except ScienceOpsError as error:
            log.warning("shadow call failed", extra={"reason": str(error)})
        finally:
            self._room.release()
