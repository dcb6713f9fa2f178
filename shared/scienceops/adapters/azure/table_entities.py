"""Table entities: keys and bodies in the form that table storage takes.

A row key may not hold '/', '\\', '#', '?' or control characters, a text at most 32 Ki characters,
an entity at most 1 MiB.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from scienceops.errors import BadInput

#: Table storage counts two bytes a character: 64 KiB a property.
PIECE_CHARACTERS = 32 * 1024
#: Of an entity's 1 MiB, what is left for the body beside keys, names and the rest.
LARGEST_CHARACTERS = 15 * PIECE_CHARACTERS

RECORDS = "record:"
LEDGER = "ledger:"
#: The row that counts a partition's ledger entries.
HEAD = "head"
#: The partition that lists the others; no name is written so, since '!' comes before hex digits.
INDEX = "!partitions"

_LAST_SEQUENCE = 10**12


def encode_key(key: str) -> str:
    """The key as text that may stand in a row key; prefixes stay prefixes.

    >>> encode_key("version/000000001")
    'version!2F000000001'
    """
    return quote(key, safe="").replace("%", "!")


def decode_key(text: str) -> str:
    """What encode_key was given.

    >>> decode_key("version!2F000000001")
    'version/000000001'
    """
    return unquote(text.replace("!", "%"))


def ledger_key(sequence: int) -> str:
    """Row key of a ledger entry: the newest sorts first, so that it is read first.

    >>> ledger_key(2) < ledger_key(1)
    True
    """
    return f"{LEDGER}{_LAST_SEQUENCE - sequence:012d}"


def after(prefix: str) -> str:
    """The least text that sorts after everything that starts with `prefix`.

    >>> after("record:v")
    'record:w'
    """
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def to_text(body: Any) -> str:
    """The body as JSON in ASCII; raises TypeError or ValueError for what is no JSON."""
    return json.dumps(body, allow_nan=False, separators=(",", ":"))


def to_pieces(what: str, text: str) -> dict[str, str]:
    """The text as properties `body`, `body1`, ...; raises BadInput when an entity has no room.

    >>> to_pieces("record", "{}")
    {'body': '{}'}
    """
    if len(text) > LARGEST_CHARACTERS:
        raise BadInput(
            f"{what} is {len(text)} characters of JSON: wanted at most {LARGEST_CHARACTERS}, "
            "which is what a table's entity holds; put the content in the bucket and keep its key"
        )
    starts = range(0, len(text), PIECE_CHARACTERS)
    return {
        f"body{number or ''}": text[start : start + PIECE_CHARACTERS]
        for number, start in enumerate(starts)
    }


def from_pieces(entity: Mapping[str, Any]) -> Any:
    """The body that to_pieces was given."""
    return json.loads("".join(_pieces(entity)))


def _pieces(entity: Mapping[str, Any]) -> Iterator[str]:
    number = 0
    while (name := f"body{number or ''}") in entity:
        yield str(entity[name])
        number += 1
