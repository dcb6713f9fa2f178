"""Known fields: what is read of a document that another release may have written."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any


def known_fields(kind: type[Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """What a document has of the fields of a dataclass.

    >>> from dataclasses import make_dataclass
    >>> known_fields(make_dataclass("Point", ["x"]), {"x": 1, "of_tomorrow": 2})
    {'x': 1}
    """
    return {field.name: document[field.name] for field in fields(kind) if field.name in document}
