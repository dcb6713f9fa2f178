"""A bucket that notes what of it is listed."""

from collections.abc import Iterator
from typing import Any

from scienceops.ports.object_store import ObjectInfo, ObjectStore


class WatchedBucket:
    """`listed`: the keys that were told, in any order."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self.listed: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)

    def scan(self, prefix: str) -> Iterator[ObjectInfo]:
        for info in self._objects.scan(prefix):
            self.listed.append(info.key)
            yield info
