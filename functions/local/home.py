"""The home of one `up`: held by a lock that ends with its process, and where to reach it."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

from scienceops.adapters.local.files import make_home
from scienceops.errors import HomeInUse

LOCK = "up.lock"
_TRIES = 10


class HomeLock:
    """Held while one host serves a home; a second one is refused, with the first's pid."""

    def __init__(self, home: Path) -> None:
        make_home(home)
        self._path = home / LOCK
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not self._take():
            os.close(self._file)
            raise HomeInUse(str(home), int(read_up(home).get("pid", 0)))
        self.pid = os.getpid()
        self.say(pid=self.pid)

    def _take(self) -> bool:
        """Whether the lock is ours; a command that looks at it holds it for a moment."""
        for _ in range(_TRIES):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)
            else:
                return True
        return False

    def say(self, **facts: object) -> None:
        """Write what others may know of this host, such as its pid and address."""
        # By one write, over all that was said before: whoever reads meanwhile finds either.
        content = json.dumps(facts).ljust(os.fstat(self._file).st_size).encode()
        os.pwrite(self._file, content, 0)
        os.fsync(self._file)

    def release(self) -> None:
        """Let the next host in."""
        os.ftruncate(self._file, 0)
        os.close(self._file)


def read_up(home: Path) -> dict[str, Any]:
    """What the host of this home last said of itself; empty when there is none."""
    try:
        facts: dict[str, Any] = json.loads((home / LOCK).read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return facts
