"""Service schema files: JSON Schema, the one that Azure ML writes, or a list of example rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scienceops.core.schema import Column, Schema
from scienceops.errors import BadSchema
from scienceops.packing.infer_schema import as_frame, infer_schema
from scienceops.packing.rows import frame_to_rows


@dataclass(frozen=True)
class ServiceSchema:
    """The schema in a file, and the example rows beside it, if there are any."""

    schema: Schema
    examples: list[dict[str, Any]]


def read_service_schema(path: Path) -> ServiceSchema:
    """The schema in a JSON file of one of the three kinds; raises BadSchema naming the file.

    Only the `swagger` part of an Azure ML file is read; its `internal` part is a pickle.
    """
    try:
        return parse_service_schema(json.loads(path.read_text()))
    except (ValueError, BadSchema) as error:
        raise BadSchema(f"{path}: {error}") from None


def parse_service_schema(document: Any) -> ServiceSchema:
    """The schema in a document of one of the three kinds; raises BadSchema.

    >>> parse_service_schema({"input": {"input_df": {"swagger": {"items": {"properties": {
    ...     "petal width": {"type": "number", "format": "double"}}}}}}}).schema.columns[0].type
    'number'
    """
    if isinstance(document, list):
        return _from_examples(document)
    if not isinstance(document, dict):
        raise BadSchema("wanted a JSON Schema, an Azure ML service schema or a list of rows")
    if isinstance(document.get("input"), dict):
        return _from_azure(document["input"])
    schema = Schema.from_json_schema(document)
    examples = document.get("examples", [])
    return ServiceSchema(schema, schema.check_rows(examples) if examples else [])


def _from_examples(rows: list[Any]) -> ServiceSchema:
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise BadSchema("a list of example rows holds one object per row, and at least one")
    frame = as_frame(rows)
    # In a few examples a measure can be whole by chance, so whole numbers promise nothing.
    columns = (
        replace(column, type="number") if column.type == "integer" else column
        for column in infer_schema(frame).columns
    )
    schema = Schema(tuple(columns))
    return ServiceSchema(schema, schema.check_rows(frame_to_rows(frame, schema)))


def _from_azure(inputs: Mapping[str, Any]) -> ServiceSchema:
    if len(inputs) != 1:
        raise BadSchema(
            f"it has the inputs {sorted(inputs)}: wanted one, the argument of run(input_df)"
        )
    (name, described), *_ = inputs.items()
    swagger = described.get("swagger") if isinstance(described, dict) else None
    items = swagger.get("items") if isinstance(swagger, dict) else None
    if not isinstance(items, dict) or not isinstance(items.get("properties"), dict):
        raise BadSchema(
            f"input {name!r} has no swagger.items.properties, so it is no table of named columns: "
            "write the columns as JSON Schema, or give a list of example rows"
        )
    # Where it does not say which columns may be missing, the model was trained with all of them.
    document = {"required": list(items["properties"]), **items}
    schema = Schema.from_json_schema(document)
    example = swagger.get("example", []) if isinstance(swagger, dict) else []
    rows = example if isinstance(example, list) else [example]
    return ServiceSchema(schema, schema.check_rows(rows) if rows else [])


def described_by(schema: Schema, training: Schema) -> Schema:
    """The schema with the categories and ranges of the training data, where both agree on a type.

    >>> declared = Schema((Column("age", "number"),))
    >>> described_by(declared, Schema((Column("age", "number", minimum=1.0),))).columns[0].minimum
    1.0
    """
    found = {column.name: column for column in training.columns}
    return Schema(tuple(_describe(column, found.get(column.name)) for column in schema.columns))


def _describe(column: Column, found: Column | None) -> Column:
    if (
        found is None
        or found.kind == "time"
        or (found.type == "string") != (column.type == "string")
    ):
        return column
    return replace(
        column,
        categories=column.categories or found.categories,
        minimum=found.minimum if column.minimum is None else column.minimum,
        maximum=found.maximum if column.maximum is None else column.maximum,
    )
