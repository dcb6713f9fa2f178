"""Given rows: columns and sample of a model that is no estimator, from what came with it."""

from pathlib import Path
from typing import Any

import pandas as pd

from scienceops.core.schema import Schema
from scienceops.errors import BadInput, BadRows
from scienceops.packing.infer_schema import infer_schema
from scienceops.packing.rows import choose_rows, frame_to_rows
from scienceops.packing.service_schema import described_by, read_service_schema


def schema_and_rows(
    schema_file: Path | None,
    sample: pd.DataFrame | None,
    training: pd.DataFrame | None,
    target: str | None,
) -> tuple[Schema, list[dict[str, Any]]]:
    """The schema from its file, else from the data; and the sample, else the file's examples."""
    examples: list[dict[str, Any]] = []
    if schema_file is not None:
        read = read_service_schema(schema_file)
        schema, examples = read.schema, read.examples
        lacking = [
            c.name for c in schema.columns if training is not None and c.name not in training
        ]
        if lacking:
            raise BadInput(f"training_data has no column {lacking[0]!r}, which the schema names")
        if training is not None:
            schema = described_by(schema, infer_schema(training[[c.name for c in schema.columns]]))
    else:
        data = sample if training is None else training
        if data is None:
            raise BadInput("the columns are unknown: give a schema file, or a sample of rows")
        schema = infer_schema(data.drop(columns=[target] if target in data else []))
    if sample is not None:
        try:
            examples = schema.check_rows(frame_to_rows(choose_rows(sample), schema))
        except (KeyError, BadRows) as error:
            raise BadInput(f"the sample does not fit the schema: {error}") from None
    if not examples:
        raise BadInput(
            "there are no example rows: a package proves itself on a sample, so give one with "
            "--sample FILE (csv, json or parquet, a few rows without the target)"
        )
    return schema, examples
