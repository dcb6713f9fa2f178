"""Four rows of Iris in the bodies of every protocol, and what they are answered."""

import io

import pyarrow as pa
from models import iris_rows

ROWS = iris_rows()[::40]
COLUMNS = list(ROWS[0])
VALUES = [list(row.values()) for row in ROWS]
LABELS = ["setosa", "setosa", "versicolor", "virginica"]
ARROW = "application/vnd.apache.arrow.stream"
INFER = "/v2/models/iris/infer"
FORMS = {
    "input_df": ROWS,
    "dataframe_records": ROWS,
    "dataframe_split": {"columns": COLUMNS, "data": VALUES},
    "inputs": {name: [row[name] for row in ROWS] for name in COLUMNS},
    "instances": ROWS,
}


def captured_values(face):
    """The rows that the one captured call had, value by value."""
    (call,) = face.captured()
    return [list(row) for row in zip(*call["columns"], strict=True)]


def csv_of(rows):
    """As CSV, with a header."""
    lines = [",".join(rows[0]), *(",".join(str(v) for v in row.values()) for row in rows)]
    return "\r\n".join(lines).encode()


def tensors_by_column():
    """The rows as inputs of the Open Inference Protocol, a tensor for each column."""
    return [
        {"name": name, "shape": [4], "datatype": "FP64", "data": [row[name] for row in ROWS]}
        for name in COLUMNS
    ]


def stream_of(table, options=None):
    """As an Arrow stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
        stream.write_table(table)
    return sink.getvalue()
