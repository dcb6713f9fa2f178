"""Arrow's stream: many rows as columns, which nothing has to take apart and put together again."""

from collections import Counter
from typing import Any

from scienceops.core.schema import Column
from scienceops.core.table import Table
from scienceops.errors import BadInput, BadRows
from scorer_container.decode import RowsDecoder
from scorer_container.protocols.arrow_stream import read_stream
from scorer_container.protocols.form import ARROW, Answer, Sent
from scorer_container.protocols.native import NativeForm


class ArrowForm(NativeForm):
    """A stream of record batches in, and out unless the caller accepts JSON alone."""

    def __init__(self, decoder: RowsDecoder, accepts: str) -> None:
        super().__init__(decoder)
        self._answers_arrow = ARROW in accepts or "application/json" not in accepts

    def read(self, body: bytes) -> Table:
        """The columns by name, whatever their order."""
        given = read_stream(body)
        if not given.num_rows:
            raise BadInput("the Arrow stream has no rows")
        columns = {column.name: column for column in self.decoder.schema.columns}
        names = given.schema.names
        times = Counter(names)
        wrong = [name for name in times if name not in columns or times[name] > 1]
        if wrong:
            told = f"there is {'no' if wrong[0] not in columns else 'twice a'} column {wrong[0]!r}"
            raise BadInput(f"{told}: wanted {', '.join(columns)}")
        values = [
            _values(column, given[name] if name in names else None, given.num_rows)
            for name, column in columns.items()
        ]
        return Table(values, given.num_rows)

    def write(self, answer: Answer) -> Sent:
        """`prediction`, a `probability.<class>` each, and the request's id among the metadata."""
        if not self._answers_arrow:
            return super().write(answer)
        import pyarrow as pa

        scored = answer.scored
        if {dict, list} & set(map(type, scored.predictions)):
            return super().write(answer)
        columns: dict[str, Any] = {"prediction": pa.array(scored.predictions)}
        if (shares := scored.as_matrix()) is not None:
            for label, column in zip(shares.labels, shares.matrix.T, strict=True):
                columns[f"probability.{label}"] = pa.array(column, pa.float64())
        facts = {
            "request_id": answer.request_id,
            "model": answer.service,
            "version": str(answer.version),
        }
        table = pa.table(columns).replace_schema_metadata(facts)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return Sent(ARROW, sink.getvalue().to_pybytes())


def _values(column: Column, given: Any, count: int) -> Any:
    """A column as a Table has it; raises BadRows."""
    import numpy as np
    import pyarrow as pa

    # All of a column without a type are missing.
    if given is None or given.null_count:
        if not column.nullable:
            nulls = [] if given is None else given.is_null().to_pylist()
            row = nulls.index(True) if True in nulls else 0
            raise _bad(row, column, "missing value", "nothing" if given is None else "null")
        return [None] * count if given is None else _listed(column, given)
    kind = given.type
    if column.type == "number" and (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        array = given.to_numpy().astype(np.float64)
        fine = np.isfinite(array)
        if not fine.all():
            row = int(np.argmin(fine))
            raise _bad(row, column, "no finite number", repr(float(array[row])))
        return array
    if column.type == "integer" and pa.types.is_signed_integer(kind):
        return given.to_numpy().astype(np.int64)
    return _listed(column, given)


def _listed(column: Column, given: Any) -> list[Any]:
    import pyarrow as pa

    from scienceops.core.schema import accept

    if column.type == "datetime" and pa.types.is_timestamp(given.type):
        return [None if value is None else value.isoformat() for value in given.to_pylist()]
    values: list[Any] = given.to_pylist()
    if column.type == "string" and pa.types.is_string(given.type):
        # Nothing else can come of it.
        return values
    for row, value in enumerate(values):
        if value is None:
            continue
        accepted, values[row] = accept(column.type, value)
        if not accepted:
            raise _bad(row, column, "wrong type", f"{given.type} {value!r}"[:80])
    return values


def _bad(row: int, column: Column, what: str, got: str) -> BadRows:
    kind = {"integer": "an integer", "number": "a finite number"}.get(column.type)
    wanted = (kind or f"a {column.type}") + (" or null" if column.nullable else "")
    told = {"row": row, "column": column.name, "problem": what, "got": got, "wanted": wanted}
    return BadRows([told])
