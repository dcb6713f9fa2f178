"""Labels: what is kept of a chunk of categories, and how two chunks become one."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

#: Labels counted one by one. Beyond, the rarest are pooled, so a column of ids costs no memory.
LABELS_KEPT = 10_000
#: Name of the pool in every statistic; a label of this very name joins the pool.
OTHER = "(other)"


@dataclass(frozen=True)
class Labels:
    """Partial of a category: rows per label.

    pooled: rows of labels that are no longer counted one by one. pinned: labels that are never
    pooled, those of the training data, since comparisons rest on them.
    """

    counts: Mapping[str, int]
    pooled: int = 0
    pinned: frozenset[str] = frozenset()

    @classmethod
    def of(cls, counts: Mapping[str, int], pinned: Iterable[str] = ()) -> "Labels":
        """Partial of counted labels.

        >>> Labels.of({"red": 2, "(other)": 1})
        Labels(counts={'red': 2}, pooled=1, pinned=frozenset())
        """
        kept = {label: count for label, count in counts.items() if count and label != OTHER}
        return _limited(Counter(kept), counts.get(OTHER, 0), frozenset(pinned))

    @classmethod
    def merge(cls, parts: Sequence["Labels"]) -> "Labels":
        """Partial of all rows together: exact, in any order, up to LABELS_KEPT labels."""
        counts: Counter[str] = Counter()
        for part in parts:
            counts.update(part.counts)
        pinned = frozenset().union(*(part.pinned for part in parts))
        return _limited(counts, sum(part.pooled for part in parts), pinned)

    @property
    def total(self) -> int:
        """Rows with any label."""
        return sum(self.counts.values()) + self.pooled

    @property
    def mode(self) -> str | None:
        """The most frequent label, the first in order of several; None without rows.

        >>> Labels.of({"b": 2, "a": 2}).mode
        'a'
        """
        if not self.counts:
            return None
        return min(self.counts, key=lambda label: (-self.counts[label], label))

    def top(self, most: int) -> dict[str, int]:
        """The `most` most frequent labels with their rows, the rest together as OTHER.

        >>> Labels.of({"a": 3, "b": 2, "c": 1}).top(1)
        {'a': 3, '(other)': 3}
        """
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        shown = dict(ranked[:most])
        rest = self.total - sum(shown.values())
        return {**shown, OTHER: rest} if rest else shown


def _limited(counts: Counter[str], pooled: int, pinned: frozenset[str]) -> Labels:
    if len(counts) <= LABELS_KEPT:
        return Labels(dict(counts), pooled, pinned)
    ranked = sorted(counts.items(), key=lambda item: (item[0] not in pinned, -item[1], item[0]))
    least = max(LABELS_KEPT, sum(label in pinned for label in counts))
    kept, dropped = ranked[:least], ranked[least:]
    return Labels(dict(kept), pooled + sum(count for _, count in dropped), pinned)


def shortened(label: str, most: int, size: Callable[[str], int]) -> str:
    """The label; of one whose size is more, the beginning and a hash of the whole.

    A label is part of a statistic's name, and names end at 256 characters in SQL.

    >>> shortened("red", 20, len), shortened("x" * 1000, 20, len)
    ('red', 'xxxxxxxxxxx…44f83544')
    """
    if size(label) <= most:
        return label
    mark = "…" + sha256(label.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    head = label[:most]
    while size(head + mark) > most:
        head = head[:-1]
    return head + mark
