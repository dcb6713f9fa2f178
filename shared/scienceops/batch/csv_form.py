"""The form of a CSV file: whether its encoding and its separator are those that are read here."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from scienceops.errors import BadInput

#: What spreadsheets of other countries and systems put between values.
_OTHERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_HEAD_BYTES = 1024**2


def first_line(path: Path) -> bytes:
    """The first line without its end, which is a carriage return alone in some files."""
    with path.open("rb") as file:
        return re.split(rb"[\r\n]", file.readline(_HEAD_BYTES), maxsplit=1)[0]


def check_csv(path: Path, columns: Sequence[str]) -> None:
    """Raise BadInput for a file in UTF-16, or whose header another sign than a comma divides.

    columns: that the file should have, by which a header is known that is divided otherwise.
    """
    head = first_line(path)
    if head.startswith(_UTF_16) or b"\0" in head:
        raise BadInput(f"{path} cannot be read as .csv: it seems to be in UTF-16; save it in UTF-8")
    try:
        header = head.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{path} cannot be read as .csv: it is not in UTF-8; save it so") from None
    wanted = set(columns)
    if wanted & set(_divided(header, ",")):
        return
    for sign, called in _OTHERS.items():
        # Even with misspelt names, nobody means one column that is named by several.
        names = _divided(header, sign)
        if wanted & set(names) or len(names) == len(columns) > 1:
            raise BadInput(
                f"{path} has {called} between its columns: wanted commas, and points in decimals; "
                "save it so"
            )


def _divided(header: str, sign: str) -> list[str]:
    return next(csv.reader([header], delimiter=sign), [])
