"""ObjectStore: the bucket."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class ObjectInfo:
    """What is known of an object without reading it."""

    key: str
    size_bytes: int
    etag: str
    modified_at: datetime


class ObjectStore(Protocol):
    """Keys are '/'-separated, relative, without '..'; any other key raises BadInput.

    A write is seen whole or not at all, survives the writer's death once `put` has returned,
    and is announced at least once to the platform's `object created` trigger.
    """

    def put(self, key: str, data: bytes | Path, *, if_absent: bool = False) -> ObjectInfo:
        """Store bytes, or the content of a file, under `key`, replacing what was there.

        With if_absent, raises ObjectExists when the key is taken, and changes nothing; the
        object is then announced once more, since its first writer may have died before it could.
        """
        ...

    def get(self, key: str) -> bytes:
        """The whole content; raises ObjectNotFound."""
        ...

    def download(self, key: str, path: Path) -> ObjectInfo:
        """Write the content to `path` (its folder exists); raises ObjectNotFound."""
        ...

    def stat(self, key: str) -> ObjectInfo:
        """Size, etag and time; raises ObjectNotFound. Other content has another etag."""
        ...

    def scan(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix` (any string), in key order."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when it is not there."""
        ...
