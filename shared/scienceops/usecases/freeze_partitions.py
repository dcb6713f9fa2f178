"""Freeze partitions: what lies in them now, by name, so that nothing later enters what reads it.

But for rows of a damaged spool file that somebody mends meanwhile: they come under its old name.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from scienceops.core.names import Partition
from scienceops.ports.object_store import ObjectStore

#: Partitions that are listed at a time: a cloud lists a thousand objects a call.
SIDE_BY_SIDE = 8


def freeze_partitions(
    partitions: Iterable[Partition], objects: ObjectStore
) -> list[dict[str, Any]]:
    """{"service", "version", "date", "keys", "label_keys"} of each that has captures, in order."""

    def freeze(partition: Partition) -> dict[str, Any]:
        keys = _keys(partition.prefix, objects)
        return {
            "service": partition.service,
            "version": partition.version,
            "date": partition.date.isoformat(),
            "keys": keys,
            "label_keys": _keys(partition.labels_prefix, objects) if keys else [],
        }

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return [frozen for frozen in pool.map(freeze, sorted(partitions)) if frozen["keys"]]


def _keys(prefix: str, objects: ObjectStore) -> list[str]:
    return [info.key for info in objects.scan(prefix)]
