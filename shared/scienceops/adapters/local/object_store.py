"""FolderObjectStore: a folder as bucket. A put is temporary file, fsync, rename, event."""

import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path

from scienceops.adapters.local.files import make_folders, sync_folder
from scienceops.core.object_keys import check_object_key
from scienceops.errors import BadInput, ObjectExists, ObjectNotFound
from scienceops.ports.message_queue import MessageQueue
from scienceops.ports.object_store import ObjectInfo

EVENTS = "events"
#: Unfinished writes lie here: on the same file system, outside every key.
PARTIAL = ".partial"
#: A writer locks its file within moments of making it.
UNLOCKED_SECONDS = 60

_CHUNK_BYTES = 1024 * 1024
_ABSENT = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


class FolderObjectStore:
    """ObjectStore in a folder; each write is announced on queue `events`.

    A folder cannot hold both `a` and `a/b`: the later of the two puts raises BadInput. Symbolic
    links are no objects, and a key that one leads out of the folder raises BadInput.
    """

    def __init__(self, root: Path, events: MessageQueue) -> None:
        make_folders(root / PARTIAL)
        self._root = root.resolve()
        self._partial = self._root / PARTIAL
        self._events = events
        self._remove_what_the_dead_left()

    def put(self, key: str, data: bytes | Path, *, if_absent: bool = False) -> ObjectInfo:
        """Write, make durable, show, announce."""
        path = self._path(key)
        with self._written(data) as (temporary, stat):
            try:
                make_folders(path.parent)
                taken = if_absent and not _link(temporary, path)
                if not if_absent:
                    temporary.replace(path)
            except (FileExistsError, IsADirectoryError, NotADirectoryError):
                raise BadInput(
                    f"{key!r} cannot be stored: a folder cannot hold both an object and others "
                    "under its name; choose another key"
                ) from None
        # Of one that was there, too: its writer may have died before it could, and whoever hears
        # that it is there may delete what it has of it.
        sync_folder(path.parent)
        if taken:
            with suppress(ObjectNotFound):
                self._announce(self.stat(key))
            raise ObjectExists(key)
        info = _info(key, stat)
        self._announce(info)
        return info

    def get(self, key: str) -> bytes:
        """The content."""
        try:
            return self._path(key).read_bytes()
        except _ABSENT:
            raise ObjectNotFound(key) from None

    def download(self, key: str, path: Path) -> ObjectInfo:
        """Copy the content; `path` has all of it or stays as it was."""
        beside = path.with_name(f".{uuid.uuid4().hex}")
        try:
            with self._path(key).open("rb") as source:
                # The open file stays the same object when another is put in its place.
                info = _info(key, os.fstat(source.fileno()))
                with beside.open("xb") as out:
                    shutil.copyfileobj(source, out, _CHUNK_BYTES)
        except _ABSENT:
            beside.unlink(missing_ok=True)
            if not path.parent.is_dir():
                raise
            raise ObjectNotFound(key) from None
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        beside.replace(path)
        return info

    def stat(self, key: str) -> ObjectInfo:
        """Size, etag and time."""
        path = self._path(key)
        try:
            if path.is_file():
                return _info(key, path.stat())
        except _ABSENT:
            pass
        raise ObjectNotFound(key)

    def scan(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object under the prefix, in key order; reads only folders that can hold one."""
        yield from self._walk("", prefix)

    def delete(self, key: str) -> None:
        """Remove it; the folder stays, since people drop files into it."""
        path = self._path(key)
        if path.is_dir():
            return
        with suppress(*_ABSENT):
            path.unlink()
            sync_folder(path.parent)

    def _walk(self, base: str, prefix: str) -> Iterator[ObjectInfo]:
        # With its '/', a folder sorts where the keys inside it do: 'a-b' comes before 'a/b'.
        for name, entry in sorted(self._entries(base), key=itemgetter(0)):
            key = base + name
            if entry is None:
                if key.startswith(prefix) or prefix.startswith(key):
                    yield from self._walk(key, prefix)
            elif key.startswith(prefix):
                try:
                    stat = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                yield _info(key, stat)

    def _entries(self, base: str) -> list[tuple[str, os.DirEntry[str] | None]]:
        """(name, entry) of each file in a folder, (name + '/', None) of each folder."""
        found: list[tuple[str, os.DirEntry[str] | None]] = []
        try:
            with os.scandir(self._root / base) as entries:
                for entry in entries:
                    if not _is_text(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if base or entry.name != PARTIAL:
                            found.append((entry.name + "/", None))
                    elif entry.is_file(follow_symlinks=False):
                        found.append((entry.name, entry))
        except _ABSENT:
            return []
        return found

    def _path(self, key: str) -> Path:
        path = self._root / check_object_key(key)
        if key.split("/", 1)[0] == PARTIAL:
            raise BadInput(f"{key!r} is no object key: {PARTIAL!r} is where unfinished writes lie")
        if not os.path.realpath(path).startswith(f"{self._root}{os.sep}"):
            raise BadInput(f"{key!r} is no object key: a symbolic link leads out of the bucket")
        return path

    @contextmanager
    def _written(self, data: bytes | Path) -> Iterator[tuple[Path, os.stat_result]]:
        """A durable file with the content and its stat; gone at the end unless it was moved."""
        temporary = self._partial / uuid.uuid4().hex
        try:
            with temporary.open("xb") as out:
                # Held until the file has its name: who can lock it knows that its writer is dead.
                fcntl.flock(out, fcntl.LOCK_EX)
                if isinstance(data, bytes):
                    out.write(data)
                else:
                    with data.open("rb") as source:
                        shutil.copyfileobj(source, out, _CHUNK_BYTES)
                out.flush()
                # File systems stamp by the tick of a clock of some milliseconds. Two writes
                # within one tick must differ, since the time is what the etag rests on.
                os.utime(out.fileno(), ns=(time.time_ns(), time.time_ns()))
                os.fsync(out.fileno())
                yield temporary, os.fstat(out.fileno())
        finally:
            temporary.unlink(missing_ok=True)

    def _announce(self, info: ObjectInfo) -> None:
        self._events.send(EVENTS, {"key": info.key, "size_bytes": info.size_bytes})

    def _remove_what_the_dead_left(self) -> None:
        for path in self._partial.iterdir():
            with suppress(OSError), path.open("rb") as file:
                if time.time() - path.stat().st_mtime > UNLOCKED_SECONDS:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()


def _link(temporary: Path, path: Path) -> bool:
    # A link fails where the name is taken, so exactly one of two writers wins.
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        if path.is_dir():
            raise
        return False
    return True


def _info(key: str, stat: os.stat_result) -> ObjectInfo:
    # Not a hash of the content: that would read every object once more to list a folder.
    etag = f"{stat.st_ino:x}-{stat.st_mtime_ns:x}-{stat.st_size:x}"
    return ObjectInfo(key, stat.st_size, etag, datetime.fromtimestamp(stat.st_mtime, UTC))


def _is_text(name: str) -> bool:
    # A name that is no UTF-8 can be no key, on no platform.
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
