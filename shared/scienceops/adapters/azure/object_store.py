"""BlobObjectStore: a blob container as bucket. Event Grid announces what is written."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from azure.core.exceptions import (
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)

from scienceops.adapters.azure.blob_events import BlobEvents
from scienceops.core.object_keys import check_object_key
from scienceops.errors import ObjectExists, ObjectNotFound
from scienceops.ports.object_store import ObjectInfo

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties, ContainerClient

T = TypeVar("T")

#: How often a large object is read again because it was replaced while it was read.
READS = 5


class BlobObjectStore:
    """ObjectStore in one container of block blobs."""

    def __init__(self, container: "ContainerClient", events: BlobEvents) -> None:
        self._container = container
        self._events = events

    def put(self, key: str, data: bytes | Path, *, if_absent: bool = False) -> ObjectInfo:
        """Upload; the service shows a blob when its last block is committed."""
        blob = self._container.get_blob_client(check_object_key(key))
        try:
            if isinstance(data, bytes):
                written = blob.upload_blob(data, overwrite=not if_absent)
                size = len(data)
            else:
                size = data.stat().st_size
                with data.open("rb") as source:
                    written = blob.upload_blob(source, length=size, overwrite=not if_absent)
        except ResourceExistsError:
            with suppress(ObjectNotFound):
                self._events.announce(self._container.container_name, self.stat(key))
            raise ObjectExists(key) from None
        return ObjectInfo(key, size, _bare(written["etag"]), written["last_modified"])

    def get(self, key: str) -> bytes:
        """The content."""
        blob = self._container.get_blob_client(check_object_key(key))
        with _missing(key):
            return _unchanged(lambda: bytes(blob.download_blob().readall()))

    def download(self, key: str, path: Path) -> ObjectInfo:
        """Fetch the content; `path` has all of it or stays as it was."""
        blob = self._container.get_blob_client(check_object_key(key))
        beside = path.with_name(f".{uuid.uuid4().hex}")

        def fetch() -> ObjectInfo:
            stream = blob.download_blob()
            with beside.open("wb") as out:
                stream.readinto(out)
            return _info(key, stream.properties)

        try:
            with _missing(key):
                info = _unchanged(fetch)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        return info

    def stat(self, key: str) -> ObjectInfo:
        """Size, etag and time."""
        blob = self._container.get_blob_client(check_object_key(key))
        with _missing(key):
            return _info(key, blob.get_blob_properties())

    def scan(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object under the prefix, in key order, as the service lists them."""
        # The service takes a backslash for a slash, and a NUL for no XML; no key has either.
        if "\0" in prefix or "\\" in prefix:
            return
        for found in self._container.list_blobs(name_starts_with=prefix):
            yield _info(found.name, found)

    def delete(self, key: str) -> None:
        """Remove it."""
        blob = self._container.get_blob_client(check_object_key(key))
        with suppress(ObjectNotFound), _missing(key):
            blob.delete_blob()


@contextmanager
def _missing(key: str) -> Iterator[None]:
    try:
        yield
    except ResourceNotFoundError as error:
        # A container that is not there is another mistake, and is told as the service tells it.
        if getattr(error, "error_code", "") != "BlobNotFound":
            raise
        raise ObjectNotFound(key) from None


def _unchanged(read: Callable[[], T]) -> T:
    # The SDK reads a large blob in ranges of one etag, and raises when that is gone.
    for _ in range(READS - 1):
        with suppress(ResourceModifiedError):
            return read()
    return read()


def _info(key: str, found: "BlobProperties") -> ObjectInfo:
    return ObjectInfo(key, found.size, _bare(found.etag), found.last_modified)


def _bare(etag: Any) -> str:
    # Quoted in a header, bare in a listing.
    return str(etag).strip('"')
