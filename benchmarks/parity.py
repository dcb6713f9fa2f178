"""Do compiled models answer as their originals on 100,000 rows each? `make check-parity`.

    python benchmarks/parity.py [ROWS] [--write]

Edge rows, and rows whose columns are drawn apart, with missing and unseen values: labels must be
equal, numbers within 1e-9. --write puts the table into docs/compiled-models.md. The last line is a
JSON object; the exit code is 1 when any model answers otherwise.
"""

import json
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "shared"), str(ROOT / "tests")]

from parity_models import CASES, both, fitted, name_of  # noqa: E402  # After the paths.

from scienceops.compiling.registry import CannotCompile  # noqa: E402
from scienceops.core.table import Table  # noqa: E402
from scienceops.errors import ModelFailed  # noqa: E402
from scienceops.packing.infer_schema import infer_schema  # noqa: E402
from scienceops.packing.proof_rows import edge_rows, joined, made_up_rows, part_of  # noqa: E402
from scienceops.packing.prove import prove_on  # noqa: E402

PAGE = ROOT / "docs" / "compiled-models.md"
BEGIN, END = "<!-- parity: begin -->", "<!-- parity: end -->"
#: Rows of a model that refuses some, for those are then asked for one by one.
ROWS_OF_THE_STRICT = 2_000
FIRST_SEED = 1_000


@dataclass(frozen=True)
class Parity:
    """What one model came to; fault: how it answers otherwise, empty if it does not."""

    model: str
    data: str
    rows: int
    largest_difference: float
    fault: str


def main(count: int, write: bool) -> int:
    """Compare them all, tell how it goes, and write the table where asked to."""
    began = time.monotonic()
    found = []
    for model, data in CASES:
        features, labels = data()
        with warnings.catch_warnings():
            # What lies far out overflows in the original, too.
            warnings.simplefilter("ignore")
            one = compare(fitted(model, features, labels), data, count)
        found.append(one)
        told = one.fault or f"alike, largest difference {one.largest_difference:.1g}"
        print(f"{one.model} on {one.data}: {one.rows} rows, {told}", flush=True)
    if write:
        write_table(found)
    faults = [one for one in found if one.fault]
    print(
        json.dumps(
            {
                "models": len(found),
                "rows": sum(one.rows for one in found),
                "largest_difference": max(one.largest_difference for one in found),
                "faults": [asdict(one) for one in faults],
                "seconds": round(time.monotonic() - began),
            }
        )
    )
    return int(bool(faults))


def compare(model, data, count: int) -> Parity:  # type: ignore[no-untyped-def]
    """One fitted model."""
    features, _ = data()
    with tempfile.TemporaryDirectory() as place:
        compiled, original, _ = both(model, features, Path(place))
    rows = rows_of(data, count)
    try:
        original.predict_table(rows)
    except ModelFailed:
        rows = part_of(rows, 0, ROWS_OF_THE_STRICT)
    name = name_of(model)
    try:
        proof = prove_on(compiled, original, rows)
    except CannotCompile as error:
        return Parity(name, data.__name__, rows.count, 0.0, str(error))
    return Parity(name, data.__name__, proof.rows, proof.largest_difference, "")


@cache
def rows_of(data, count: int) -> Table:  # type: ignore[no-untyped-def]
    """So many rows of the data's columns: the edges first, then what is made up."""
    features, _ = data()
    frame = features.to_frame() if isinstance(features, pd.Series) else features
    schema = infer_schema(frame)
    tables = [edge_rows(frame, schema)]
    while (missing := count - sum(table.count for table in tables)) > 0:
        tables.append(made_up_rows(frame, schema, missing, seed=FIRST_SEED + len(tables)))
    return part_of(joined(tables), 0, count)


def write_table(found: list[Parity]) -> None:
    """Between its marks on the page."""
    lines = ["| model | data | rows | largest difference |", "|---|---|---|---|"]
    for one in found:
        difference = one.fault or (f"{one.largest_difference:.0e}" if one.largest_difference else 0)
        lines.append(f"| {one.model} | {one.data} | {one.rows:,} | {difference} |")
    head, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{tail}")


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--write"]
    sys.exit(main(int(words[0]) if words else 100_000, "--write" in sys.argv))
