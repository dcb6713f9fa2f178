"""A stand-in for the bucket of a scorer, which can be away or die at the worst moment."""

from collections.abc import Callable

from scienceops.errors import ObjectExists


class Bucket:
    """Keeps objects in a dict; only `put` and `get`, which are all that a shipper calls."""

    def __init__(self, *, die_after_put: bool = False) -> None:
        self.objects: dict[str, bytes] = {}
        self.die_after_put = die_after_put
        self.away = False
        self.before_put: Callable[[], object] | None = None

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> None:
        if self.before_put is not None:
            hook, self.before_put = self.before_put, None
            hook()
        if self.away:
            raise ConnectionError("the bucket is away")
        if if_absent and key in self.objects:
            raise ObjectExists(key)
        self.objects[key] = data
        if self.die_after_put:
            raise ConnectionError("the connection died after the put")

    def get(self, key: str) -> bytes:
        return self.objects[key]
