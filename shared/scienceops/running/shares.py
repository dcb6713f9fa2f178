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
    """labels: of the classes, as text. matrix: shape (rows, classes), float64, in their order."""

    labels: Sequence[str]
    matrix: "NDArray[np.float64]"

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
        # As many as there are labels, so that nothing is asked for each row but its mapping.
        pairs: Iterable[Iterable[tuple[str, float]]] = map(
            zip, repeat(self.labels), self.matrix.tolist()
        )
        return list(map(dict, pairs))

    def by_class(self) -> "dict[str, Sequence[float]]":
        """Class -> share of every row: a list, or an array of more than FEW_ROWS."""
        columns = self.matrix.T
        return dict(
            zip(
                self.labels,
                columns.tolist() if len(self.matrix) <= FEW_ROWS else columns,
                strict=True,
            )
        )

    def are_finite(self) -> bool:
        """Whether none is infinite or NaN."""
        # Shares are small: their squares add up to something finite unless one of them is not.
        flat = self.matrix.ravel()
        return math.isfinite(flat.dot(flat))

    def part(self, start: int, end: int) -> "Shares":
        """The rows start to end."""
        return Shares(self.labels, self.matrix[start:end])
