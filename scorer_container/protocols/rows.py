"""Rows: the JSON forms of others, and CSV, as the rows that a schema checks."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from scienceops.core.csv_rows import decode, read_csv
from scienceops.core.schema import Schema
from scienceops.errors import BadInput

FORMS = ("input_df", "dataframe_records", "dataframe_split", "inputs", "instances")
_WANTED = '{"input_df": [{...}]}'


def parse(body: bytes) -> Any:
    """A body as JSON; raises ValueError or RecursionError with words that say where it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Slower; it has the better words, and takes half pairs of surrogates, for a check to name.
        return json.loads(body, parse_constant=_refuse)


def json_of(body: bytes) -> tuple[str, Any]:
    """(which of FORMS, what it holds) of a body; raises BadInput."""
    try:
        document = parse(body)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the body is no JSON: {error}; wanted {_WANTED}") from None
    if isinstance(document, dict) and document.get("params") in ({}, None):
        # MLflow's parameters; there are none that this model would take.
        document = {key: value for key, value in document.items() if key != "params"}
    if not isinstance(document, dict) or len(document) != 1 or set(document) - set(FORMS):
        came = sorted(document) if isinstance(document, dict) else type(document).__name__
        raise BadInput(
            f"the body holds {came}; wanted {_WANTED} and nothing else, or one of "
            f"{', '.join(FORMS[1:])}"
        )
    ((form, given),) = document.items()
    return form, given


def rows_of_json(form: str, given: Any, schema: Schema) -> Any:
    """The rows that a form holds, as unchecked as they came; raises BadInput."""
    return _READ[form](given, schema)


def columns_of_json(form: str, given: Any, schema: Schema) -> Mapping[str, Sequence[Any]] | None:
    """The columns that a form of rows as lists, or of columns, holds; None where it is not so."""
    if form == "inputs" and isinstance(given, dict):
        lists = all(isinstance(v, list) and list not in map(type, v) for v in given.values())
        return given if lists else None
    names: Any = [column.name for column in schema.columns]
    if form == "dataframe_split" and isinstance(given, dict):
        names, given = given.get("columns"), given.get("data")
    if not isinstance(names, list) or set(map(type, names)) != {str}:
        return None
    if not isinstance(given, list) or set(map(type, given)) != {list}:
        return None
    if set(map(len, given)) != {len(names)} or len(set(names)) < len(names):
        return None
    return dict(zip(names, zip(*given, strict=True), strict=True))


def _as_it_is(given: Any, _schema: Schema) -> Any:
    return given


def _split(given: Any, _schema: Schema) -> Any:
    if not isinstance(given, dict) or not {"columns", "data"} <= set(given) <= {
        "columns",
        "data",
        "index",
    }:
        raise BadInput('dataframe_split: wanted {"columns": [...], "data": [[...], ...]}')
    return _named(given["data"], given["columns"], "dataframe_split")


def _instances(given: Any, schema: Schema) -> Any:
    """Rows as objects, or as lists in the order of the schema."""
    if isinstance(given, list) and given and all(isinstance(row, list) for row in given):
        return _named(given, [column.name for column in schema.columns], "instances")
    return given


def _inputs(given: Any, schema: Schema) -> Any:
    """One list per column, or rows."""
    if not isinstance(given, dict):
        return _instances(given, schema)
    columns = {
        name: values if isinstance(values, list) else [values] for name, values in given.items()
    }
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        told = {name: len(values) for name, values in columns.items()}
        raise BadInput(f"inputs: the columns have {told} values, wanted as many in each")
    # A column may come as an (n, 1) tensor.
    flat = {
        name: [v[0] if isinstance(v, list) and len(v) == 1 else v for v in values]
        for name, values in columns.items()
    }
    return [dict(zip(flat, row, strict=True)) for row in zip(*flat.values(), strict=True)]


def _named(data: Any, names: Any, form: str) -> list[dict[str, Any]]:
    if not isinstance(data, list) or not isinstance(names, list):
        raise BadInput(f"{form}: wanted a list of rows")
    if len(set(map(str, names))) != len(names):
        raise BadInput(f"{form}: a column is there twice among {names}")
    for index, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(names):
            came = len(row) if isinstance(row, list) else type(row).__name__
            raise BadInput(f"{form}: row {index} has {came} values, wanted {len(names)}")
    return [dict(zip(map(str, names), row, strict=True)) for row in data]


_READ: Mapping[str, Callable[[Any, Schema], Any]] = {
    "input_df": _as_it_is,
    "dataframe_records": _as_it_is,
    "dataframe_split": _split,
    "inputs": _inputs,
    "instances": _instances,
}


def rows_of_csv(body: bytes, schema: Schema) -> list[dict[str, Any]]:
    """The rows of a CSV with a header row, read by the schema's types; an empty cell is missing."""
    return read_csv(decode(body, "the CSV"), schema, "the CSV")


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number; send null for a missing value")
