"""Group commit: whoever waits for the same thing waits for one doing of it."""

import threading
from collections.abc import Callable


class GroupCommit:
    """Lets callers wait until a commit that began after they asked has ended.

    commit: makes lasting what was there when it began. One caller does it for all that wait; those
    who ask meanwhile wait for the next. What it raises, each caller gets from a try of its own.
    """

    def __init__(self, commit: Callable[[], None]) -> None:
        self._commit = commit
        self._turn = threading.Condition()
        self._asked = 0
        self._done = 0
        self._busy = False

    def wait(self) -> None:
        """Return once what the caller has written is committed; raises what the commit raises."""
        with self._turn:
            self._asked += 1
            mine = self._asked
            while self._done < mine:
                if self._busy:
                    self._turn.wait()
                else:
                    self._lead()

    def _lead(self) -> None:
        self._busy, upto = True, self._asked
        self._turn.release()
        try:
            self._commit()
        except BaseException:
            upto = 0
            raise
        finally:
            self._turn.acquire()
            self._busy, self._done = False, max(self._done, upto)
            self._turn.notify_all()
