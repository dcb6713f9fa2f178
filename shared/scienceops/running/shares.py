"""Shares: the probabilities of all rows as one matrix, until something wants them otherwise."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

from scienceops.core.table import FEW_ROWS
from scienceops.errors import ModelFailed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


# Not frozen: each call makes one, and a frozen one takes three times as long to make.
@dataclass(slots=True, eq=False)
class Shares:
    """labels: of the classes, as text. given: float64 of the shape (rows, classes), in their order;
    of a row by itself a list of numbers does."""

    labels: Sequence[str]
    given: "NDArray[np.float64] | list[float]"

    @property
    def matrix(self) -> "NDArray[np.float64]":
        """Shape (rows, classes)."""
        given = self.given
        if isinstance(given, list):
            import numpy as np

            return np.array([given])
        return given

    @property
    def count(self) -> int:
        """How many rows."""
        return 1 if isinstance(self.given, list) else len(self.given)

    @classmethod
    def told(cls, labels: Sequence[str], given: "ArrayLike", count: int) -> "Shares":
        """What a model gave for so many rows; raises ModelFailed for any other shape."""
        import numpy as np

        matrix = np.asarray(given, dtype=np.float64)
        if matrix.shape != (count, len(labels)):
            raise ModelFailed(
                f"the model gave probabilities of the shape {matrix.shape}: wanted {count} rows of "
                f"{len(labels)} classes"
            )
        return cls(labels, matrix)

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, float]]) -> "Shares":
        """The matrix of mappings that have the classes of the first one."""
        import numpy as np

        labels = list(rows[0]) if rows else []
        return cls(
            labels, np.array([[row[label] for label in labels] for row in rows], dtype=float)
        )

    def by_row(self) -> list[dict[str, float]]:
        """A mapping for each row, from class to share."""
        if isinstance(self.given, list):
            return [dict(zip(self.labels, self.given, strict=True))]
        # As many as there are labels, so that nothing is asked for each row but its mapping.
        pairs: Iterable[Iterable[tuple[str, float]]] = map(
            zip, repeat(self.labels), self.given.tolist()
        )
        return list(map(dict, pairs))

    def by_class(self) -> "dict[str, Sequence[float]]":
        """Class -> share of every row: a list, or an array of more than FEW_ROWS."""
        if isinstance(self.given, list):
            return {label: [share] for label, share in zip(self.labels, self.given, strict=True)}
        columns = self.given.T
        lines = columns.tolist() if len(self.given) <= FEW_ROWS else columns
        return dict(zip(self.labels, lines, strict=True))

    def are_finite(self) -> bool:
        """Whether none is infinite or NaN."""
        if isinstance(self.given, list):
            return all(map(math.isfinite, self.given))
        # Shares are small: their squares add up to something finite unless one of them is not.
        flat = self.given.ravel(order="K")
        return math.isfinite(flat.dot(flat))

    def part(self, start: int, end: int) -> "Shares":
        """The rows start to end."""
        return Shares(self.labels, self.matrix[start:end])
