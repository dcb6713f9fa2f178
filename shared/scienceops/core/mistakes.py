"""Mistakes: what a contract's validation found first, in words for whoever wrote the values."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

LONGEST = 80


@dataclass(frozen=True)
class Mistake:
    """The first mistake. key: where, dots between levels; got: what stood there, shortened.

    unknown: the key is none of the contract's. missing: nothing stands there.
    """

    key: str
    got: str
    wanted: str
    unknown: bool = False
    missing: bool = False


def first_mistake(error: ValidationError) -> Mistake:
    """What to tell; validation's own prefixes are left out."""
    first: Any = error.errors()[0]
    got = repr(first["input"])
    return Mistake(
        key=".".join(str(part) for part in first["loc"]),
        got=got if len(got) <= LONGEST else got[: LONGEST - 3] + "...",
        wanted=first["msg"].removeprefix("Value error, ").replace("Input should be", "wanted"),
        unknown=first["type"] == "extra_forbidden",
        missing=first["type"] == "missing",
    )
