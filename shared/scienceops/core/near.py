"""Near: the names that may have been meant where one is not known."""

from collections.abc import Sequence


def near(names: Sequence[str]) -> str:
    """What a message adds of the names that may have been meant, nothing where there is none.

    >>> near(["row"]), near([])
    (" (did you mean 'row'?)", '')
    """
    return f" (did you mean {names[0]!r}?)" if names else ""
