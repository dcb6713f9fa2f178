"""Watch the packages folder: a plain `cp` makes no event, and may be slow."""

import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scienceops.core.names import PACKAGES


@dataclass
class _Look:
    """What a file looked like, since when, and whether it was announced so."""

    size: int
    modified_ns: int
    since: float
    announced: bool = False


class PackageWatch:
    """Announces each file under packages/ once it has come to rest, and again when it changes."""

    def __init__(
        self, bucket: Path, settle_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bucket = bucket
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._seen: dict[Path, _Look] = {}

    def look(self) -> Iterator[dict[str, object]]:
        """An event for each file that looked the same twice and is a whole zip by its ending.

        A file that is not is announced after `settle_seconds` without change: then it is bad.
        Call `announced` with the event once it was handled; until then it comes again.
        """
        present = set()
        for path in sorted((self._bucket / PACKAGES).rglob("*")):
            if path.name.startswith(".") or not path.is_file():
                continue
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            present.add(path)
            if self._rests(path, stat.st_size, stat.st_mtime_ns):
                key = path.relative_to(self._bucket).as_posix()
                yield {"key": key, "size_bytes": stat.st_size}
        for path in set(self._seen) - present:
            del self._seen[path]

    def announced(self, event: dict[str, object]) -> None:
        """The event was handled: say no more of this file until it changes."""
        look = self._seen.get(self._bucket / str(event["key"]))
        if look is not None:
            look.announced = True

    def _rests(self, path: Path, size: int, modified_ns: int) -> bool:
        now = self._clock()
        last = self._seen.get(path)
        if last is None or (last.size, last.modified_ns) != (size, modified_ns):
            self._seen[path] = _Look(size, modified_ns, now)
            return False
        if last.announced:
            return False
        return now - last.since >= self._settle_seconds or (size > 0 and zipfile.is_zipfile(path))
