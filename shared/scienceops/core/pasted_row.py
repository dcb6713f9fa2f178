"""Pasted rows: one row as people have it at hand, and as a form has it, made into JSON values."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from scienceops.core.schema import Column, Schema
from scienceops.errors import BadInput

_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def read_pasted(text: str, schema: Schema) -> dict[str, str]:
    """column -> text, of a JSON object, a line with commas or tabs, or a header and such a line.

    Columns that the text does not name are left out; raises BadInput naming what is not a column.

    >>> schema = Schema((Column("a", "number"), Column("b", "string")))
    >>> read_pasted("1.5\\tx", schema)
    {'a': '1.5', 'b': 'x'}
    """
    text = text.strip()
    if not text:
        raise BadInput("nothing was pasted: wanted a JSON object, or a line of a table")
    row = _from_json(text) if text[0] in "{[" else _from_table(text, schema)
    names = [column.name for column in schema.columns]
    unknown = [name for name in row if name not in names]
    if unknown:
        raise BadInput(f"{unknown[0]!r} is no column of this service: it has {', '.join(names)}")
    return row


def row_of_texts(texts: Mapping[str, str], schema: Schema) -> dict[str, Any]:
    """The row that the texts of a form mean; what cannot be read stays text for the schema to tell.

    >>> row_of_texts({"a": "2", "b": ""}, Schema((Column("a", "number"), Column("b", "string"))))
    {'a': 2.0}
    """
    row = {}
    for column in schema.columns:
        text = texts.get(column.name, "").strip()
        if text:
            row[column.name] = _value(text, column)
    return row


def _value(text: str, column: Column) -> Any:
    if column.type == "boolean":
        return _TRUTHS.get(text.lower(), text)
    if column.type in ("number", "integer"):
        try:
            return int(text) if column.type == "integer" else float(text)
        except ValueError:
            return text
    return text


def _from_json(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BadInput(f"this is no JSON: {error}") from None
    if isinstance(found, dict) and isinstance(found.get("input_df"), list):
        found = found["input_df"]
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        raise BadInput('wanted a JSON object with a value per column, like {"a": 1.5}')
    return {
        str(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in found.items()
        if value is not None
    }


def _from_table(text: str, schema: Schema) -> dict[str, str]:
    sign = "\t" if "\t" in text else ","
    lines = [line for line in csv.reader(io.StringIO(text), delimiter=sign) if line]
    names = [column.name for column in schema.columns]
    if len(lines) == 1 and len(lines[0]) == len(names):
        return dict(zip(names, lines[0], strict=True))
    if len(lines) > 1 and len(lines[0]) == len(lines[1]):
        return dict(zip(lines[0], lines[1], strict=True))
    raise BadInput(
        f"{len(lines[0])} values: wanted {len(names)} in the order {', '.join(names)}, "
        "or a line with the names above a line with the values"
    )
