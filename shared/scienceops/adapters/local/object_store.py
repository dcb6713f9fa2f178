"""FolderObjectStore: a folder as bucket. A put is temporary file, fsync, rename, event."""

import os
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from scienceops.errors import BadInput, ObjectExists, ObjectNotFound
from scienceops.ports.message_queue import MessageQueue
from scienceops.ports.object_store import ObjectInfo

EVENTS = "events"
#: Unfinished writes lie here: on the same file system, outside every key.
PARTIAL = ".partial"


class FolderObjectStore:
    """ObjectStore in a folder; each write is announced on queue `events`."""

    def __init__(self, root: Path, events: MessageQueue) -> None:
        (root / PARTIAL).mkdir(parents=True, exist_ok=True)
        self._root = root
        self._events = events

    def put(self, key: str, data: bytes | Path, *, if_absent: bool = False) -> ObjectInfo:
        """Write, make durable, show, announce."""
        path = self._path(key)
        temporary = self._root / PARTIAL / uuid.uuid4().hex
        try:
            with temporary.open("xb") as out:
                if isinstance(data, bytes):
                    out.write(data)
                else:
                    with data.open("rb") as source:
                        shutil.copyfileobj(source, out, 1024 * 1024)
                out.flush()
                os.fsync(out.fileno())
            path.parent.mkdir(parents=True, exist_ok=True)
            if if_absent:
                # A link fails where the name is taken, so exactly one of two writers wins.
                path.hardlink_to(temporary)
            else:
                temporary.replace(path)
        except FileExistsError:
            self._announce(self.stat(key))
            raise ObjectExists(key) from None
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
        info = self.stat(key)
        self._announce(info)
        return info

    def get(self, key: str) -> bytes:
        """The content."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise ObjectNotFound(key) from None

    def download(self, key: str, path: Path) -> ObjectInfo:
        """Copy the content."""
        info = self.stat(key)
        try:
            shutil.copyfile(self._path(key), path)
        except FileNotFoundError:
            raise ObjectNotFound(key) from None
        return info

    def stat(self, key: str) -> ObjectInfo:
        """Size, etag and time."""
        path = self._path(key)
        if not path.is_file():
            raise ObjectNotFound(key)
        return _info(key, path)

    def scan(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object under the prefix, in key order."""
        folder = self._root / prefix.rpartition("/")[0]
        keys = []
        for parent, folders, files in os.walk(folder):
            if PARTIAL in folders:
                folders.remove(PARTIAL)
            base = Path(parent).relative_to(self._root)
            keys += [k for k in ((base / f).as_posix() for f in files) if k.startswith(prefix)]
        for key in sorted(keys):
            try:
                yield _info(key, self._root / key)
            except FileNotFoundError:
                continue

    def delete(self, key: str) -> None:
        """Remove it."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(p in ("", ".", "..", PARTIAL) for p in parts) or "\0" in key or "\\" in key:
            raise BadInput(f"{key!r} is not a key: wanted names joined by '/', without '..'")
        return self._root / key

    def _announce(self, info: ObjectInfo) -> None:
        self._events.send(EVENTS, {"key": info.key, "size_bytes": info.size_bytes})


def _info(key: str, path: Path) -> ObjectInfo:
    stat = path.stat()
    etag = f"{stat.st_ino:x}-{stat.st_mtime_ns:x}-{stat.st_size:x}"
    return ObjectInfo(key, stat.st_size, etag, datetime.fromtimestamp(stat.st_mtime, UTC))


def _sync_folder(folder: Path) -> None:
    # The rename itself is durable only once its folder is.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
