"""Many items of DynamoDB at once: as many a call as it takes, and what it leaves undone again."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from scienceops.errors import Unavailable

Item = dict[str, dict[str, str]]

_MOST_WRITTEN = 25
_MOST_READ = 100
_THREADS = 8
_ATTEMPTS = 12
_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0


def put_items(dynamodb: Any, table: str, items: Sequence[Item]) -> None:
    """Write the items, each under another key."""
    _write(dynamodb, table, [{"PutRequest": {"Item": item}} for item in items])


def delete_items(dynamodb: Any, table: str, keys: Sequence[Item]) -> None:
    """Delete the items with these keys."""
    _write(dynamodb, table, [{"DeleteRequest": {"Key": key}} for key in keys])


def get_items(dynamodb: Any, table: str, keys: Sequence[Item]) -> Iterator[Item]:
    """Those of the items that there are, in no order, as last written."""

    def read(some: Sequence[Item]) -> list[Item]:
        found: list[Item] = []

        def ask(waiting: Any) -> Any:
            reply = dynamodb.batch_get_item(RequestItems=waiting)
            found.extend(reply["Responses"].get(table, ()))
            return reply.get("UnprocessedKeys")

        _until_done(ask, {table: {"Keys": list(some), "ConsistentRead": True}})
        return found

    for found in _in_parts(read, keys, _MOST_READ):
        yield from found


def _write(dynamodb: Any, table: str, requests: Sequence[Any]) -> None:
    def write(some: Sequence[Any]) -> None:
        def ask(waiting: Any) -> Any:
            return dynamodb.batch_write_item(RequestItems=waiting).get("UnprocessedItems")

        _until_done(ask, {table: list(some)})

    _in_parts(write, requests, _MOST_WRITTEN)


def _in_parts(work: Callable[[Any], Any], items: Sequence[Any], most: int) -> list[Any]:
    parts = [items[start : start + most] for start in range(0, len(items), most)]
    if len(parts) < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(min(_THREADS, len(parts))) as pool:
        return list(pool.map(work, parts))


def _until_done(ask: Callable[[Any], Any], waiting: Any) -> None:
    """Ask for what is waiting until nothing is; a table that is throttled leaves some undone."""
    for attempt in range(_ATTEMPTS):
        waiting = ask(waiting)
        if not waiting:
            return
        time.sleep(min(_PAUSE_SECONDS * 2**attempt, _LONGEST_PAUSE_SECONDS) * random.random())
    raise Unavailable(
        f"DynamoDB left items of {', '.join(waiting)} undone {_ATTEMPTS} times: do it again later"
    )
