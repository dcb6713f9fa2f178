"""Service schema: the columns a model takes, kept as JSON Schema, enforced on every call."""

import difflib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from scienceops.core.names import LATENCY, OF_TRAINING, PREDICTION, QUALITY, utf16_units
from scienceops.core.twice import first_twice
from scienceops.errors import MOST_PROBLEMS, UNKNOWN_COLUMN, BadRows, BadSchema

ColumnType = Literal["number", "integer", "boolean", "string", "datetime"]

#: In UTF-16, as SQL Server counts the 256 that names have there; one is kept for a mark of its own.
LONGEST_NAME = 255
#: So many of the problems come with the name that may have been meant.
MOST_SUGGESTIONS = 5

_JSON_TYPE = {
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "string": "string",
    "datetime": "string",
}
#: What JSON calls a value of these types; null says it by itself.
_KINDS = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "",
}
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


@dataclass(frozen=True)
class Column:
    """One input column.

    categories: the values seen in training, for a string column that is a category; a new one is
    scored and counted as drift. minimum, maximum: the training range, likewise not enforced.
    """

    name: str
    type: ColumnType
    nullable: bool = False
    categories: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None

    @property
    def kind(self) -> Literal["number", "category", "text", "time"]:
        """How statistics treat the column: booleans are categories, free strings are text."""
        if self.type in ("number", "integer"):
            return "number"
        if self.type == "datetime":
            return "time"
        return "category" if self.type == "boolean" or self.categories is not None else "text"


@dataclass(frozen=True)
class Schema:
    """The columns of a service, in the order the model takes them."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if not names:
            raise BadSchema("a schema needs at least one column")
        if (twice := first_twice(names)) is not None:
            raise BadSchema(f"column {twice!r} is there twice: give each column its own name")
        for name in names:
            if name in (PREDICTION, LATENCY, QUALITY, *OF_TRAINING) or not name:
                raise BadSchema(
                    f"a column may not be named {name!r}: that name is kept for what is measured; "
                    "rename the column in the training data"
                )
            _check_fits(name)

    def to_json_schema(self) -> dict[str, Any]:
        """The schema as a JSON Schema (2020-12) of one row."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {column.name: _to_property(column) for column in self.columns},
            "required": [column.name for column in self.columns if not column.nullable],
            "additionalProperties": False,
        }

    def without_training(self) -> "Schema":
        """The same columns without what training saw in them: neither ranges nor categories.

        >>> seen = Column("age", "number", minimum=18.0, maximum=77.0)
        >>> Schema((seen,)).without_training().columns[0].maximum is None
        True
        """
        return Schema(tuple(Column(c.name, c.type, c.nullable) for c in self.columns))

    @classmethod
    def from_json_schema(cls, document: Mapping[str, Any]) -> "Schema":
        """Read what `to_json_schema` wrote; raises BadSchema naming what it does not understand."""
        properties = document.get("properties")
        if not isinstance(properties, Mapping):
            raise BadSchema("schema.json has no 'properties': write it with `scienceops pack`")
        required = set(document.get("required", ()))
        return cls(tuple(_from_property(n, p, required) for n, p in properties.items()))

    def check_rows(self, rows: Any) -> list[dict[str, Any]]:
        """The rows with every column present (absent nullable ones as None), in schema order.

        rows: list of dicts, as they came from JSON. Integers are accepted as numbers, 3.0 as an
        integer; nothing else is converted. Raises BadRows with up to MOST_PROBLEMS problems.
        """
        if not isinstance(rows, list) or not rows:
            raise BadRows(
                [_problem(0, None, "no rows", rows, 'a list of objects, {"input_df": [{...}]}')]
            )
        problems: list[dict[str, object]] = []
        checked = []
        known = {column.name for column in self.columns}
        for index, row in enumerate(rows):
            if not isinstance(row, dict):
                problems.append(_problem(index, None, "not an object", row, "one object per row"))
            else:
                checked.append(self._check_row(index, row, known, problems))
            if len(problems) >= MOST_PROBLEMS:
                break
        if problems:
            raise BadRows(problems[:MOST_PROBLEMS])
        return checked

    def _check_row(
        self,
        index: int,
        row: dict[str, Any],
        known: set[str],
        problems: list[dict[str, object]],
    ) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for column in self.columns:
            value = row.get(column.name)
            if value is None:
                if not column.nullable:
                    what = "null" if column.name in row else "nothing"
                    problems.append(
                        _named(index, column.name, "missing value", what, wanted_of(column))
                    )
                result[column.name] = None
                continue
            accepted, converted = accept(column.type, value)
            if not accepted:
                problems.append(
                    _problem(index, column.name, "wrong type", value, wanted_of(column, value))
                )
            result[column.name] = converted
        for name in row:
            if len(problems) >= MOST_PROBLEMS:
                break
            if name not in known:
                # Each search takes milliseconds where there are many columns.
                search = len(problems) < MOST_SUGGESTIONS
                close = difflib.get_close_matches(str(name), known, n=1) if search else []
                wanted = f"{close[0]!r}?" if close else f"one of {', '.join(sorted(known)[:20])}"
                # Half a pair of surrogates cannot be told as it came.
                told = str(name).encode("utf-8", "backslashreplace").decode()
                problems.append(_problem(index, told, UNKNOWN_COLUMN, row[name], wanted))
        return result


def _check_fits(name: str) -> None:
    """Raise BadSchema for a name that no table of statistics takes."""
    size = utf16_units(name)
    if size > LONGEST_NAME:
        raise BadSchema(
            f"a column's name, {name[:40]!r}…, has {size} characters: wanted at most "
            f"{LONGEST_NAME}; rename the column in the training data"
        )
    if any("\ud800" <= sign <= "\udfff" for sign in name):
        raise BadSchema(
            f"a column may not be named {name!a}: half of a pair of surrogates is no "
            "character; rename the column in the training data"
        )


def accept(kind: ColumnType, value: Any) -> tuple[bool, Any]:
    """(whether a JSON value is of the column type, the value as the model takes it).

    >>> accept("integer", 3.0), accept("integer", True), accept("number", 2)
    ((True, 3), (False, True), (True, 2.0))
    """
    if kind in ("number", "integer"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False, value
        try:
            number = float(value)
        except OverflowError:
            return False, value
        if not math.isfinite(number):
            return False, value
        if kind == "number":
            return True, number
        if isinstance(value, int):
            return -(2**63) <= value < 2**63, value
        return number.is_integer() and abs(number) < 2**53, int(number)
    if kind == "boolean":
        return isinstance(value, bool), value
    if not isinstance(value, str):
        return False, value
    if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
        # Half of a pair of surrogates is no character, and no store takes it.
        return False, value
    if kind == "datetime":
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False, value
    return True, value


def wanted_of(column: Column, got: object = None) -> str:
    """What the column takes, in words for whoever sent something else.

    >>> wanted_of(Column("x", "number", nullable=True)), wanted_of(Column("x", "number"), math.inf)
    ('a number or null', 'a finite number')
    >>> wanted_of(Column("x", "number"), "1,5")
    'a number, as 1.5'
    """
    text = {"datetime": "an ISO 8601 date-time as string", "integer": "an integer"}.get(
        column.type, f"a {column.type}"
    )
    if column.type == "number" and isinstance(got, int | float) and not isinstance(got, bool):
        # JSON can say 1e999, which is no number that a float can hold.
        text = "a finite number"
    if column.type in ("number", "integer") and isinstance(got, str):
        # With the comma of many languages, or between quotes that are not to be there.
        meant = got.strip().replace(",", ".", 1)
        text += f", as {meant}" if _NUMBER.fullmatch(meant) else ""
    return f"{text} or null" if column.nullable else text


def _problem(
    row: int, column: str | None, problem: str, got: object, wanted: str
) -> dict[str, object]:
    shown = json.dumps(got, ensure_ascii=False, default=repr)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    # Half a pair of surrogates cannot be told as it came.
    shown = shown.encode("utf-8", "backslashreplace").decode()
    kind = _KINDS.get(type(got), type(got).__name__)
    return _named(row, column, problem, f"{kind} {shown}" if kind else shown, wanted)


def _named(row: int, column: str | None, problem: str, got: str, wanted: str) -> dict[str, object]:
    return {"row": row, "column": column, "problem": problem, "got": got, "wanted": wanted}


def _to_property(column: Column) -> dict[str, Any]:
    kind = _JSON_TYPE[column.type]
    prop: dict[str, Any] = {"type": [kind, "null"] if column.nullable else kind}
    if column.type == "datetime":
        prop["format"] = "date-time"
    # The training range and categories describe; they do not forbid, so they are extensions.
    if column.categories is not None:
        prop["x-categories"] = list(column.categories)
    if column.minimum is not None:
        prop["x-minimum"] = column.minimum
    if column.maximum is not None:
        prop["x-maximum"] = column.maximum
    return prop


def _from_property(name: str, prop: Any, required: set[str]) -> Column:
    if not isinstance(prop, Mapping):
        raise BadSchema(f"column {name!r} is not described by an object")
    types: Sequence[Any] = (
        prop["type"] if isinstance(prop.get("type"), list) else [prop.get("type")]
    )
    kinds = [kind for kind in types if kind != "null"]
    if len(kinds) != 1 or kinds[0] not in ("number", "integer", "boolean", "string"):
        raise BadSchema(
            f"column {name!r} has type {prop.get('type')!r}: "
            "wanted one of number, integer, boolean, string, each with null if it may be missing"
        )
    is_time = kinds[0] == "string" and prop.get("format") == "date-time"
    categories = prop.get("x-categories", prop.get("enum"))
    return Column(
        name=name,
        type="datetime" if is_time else kinds[0],
        nullable="null" in types or name not in required,
        categories=None if categories is None else tuple(str(c) for c in categories),
        minimum=prop.get("x-minimum", prop.get("minimum")),
        maximum=prop.get("x-maximum", prop.get("maximum")),
    )
