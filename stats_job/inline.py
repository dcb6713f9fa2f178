"""Inline engine: the same partials without Spark, for days that fit one process."""

from collections.abc import Sequence

from scienceops.ports.object_store import ObjectStore
from stats_job.read import Partials, PartitionOrder, merge_partials, read_labels, read_partials

#: Segments whose rows are in memory at a time.
SEGMENTS_AT_ONCE = 64


def summarise_inline(orders: Sequence[PartitionOrder], objects: ObjectStore) -> list[Partials]:
    """The partials of each partition."""
    return [_summarise(order, objects) for order in orders]


def _summarise(order: PartitionOrder, objects: ObjectStore) -> Partials:
    labels = read_labels(order, objects)
    return merge_partials(
        [read_partials(order, keys, labels, objects) for keys in chunks(order.keys)]
    )


def chunks(keys: Sequence[str]) -> list[Sequence[str]]:
    """The keys in groups that are read together.

    A call lies whole in one spool file, and a spool file becomes one segment of one fixed key, so
    no row stands in two segments that the scorer wrote; within a group even that would count once.
    """
    return [keys[i : i + SEGMENTS_AT_ONCE] for i in range(0, len(keys), SEGMENTS_AT_ONCE)]
