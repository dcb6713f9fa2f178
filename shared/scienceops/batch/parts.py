"""Parts: the answers of a run that is not at its end, on disk so that it can go on from there."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from scienceops.errors import BadInput, Conflict

_RUN = "run.json"
_LOCK = "lock"


class Parts:
    """One Parquet file for each answered request, named by its first row, in OUT.partial/.

    A part is there whole or not at all, and parts follow each other without a gap, so that the next
    row to be scored is the one after them. run.json says what the run is of.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out.with_name(out.name + ".partial")

    @contextmanager
    def opened(self, order: Mapping[str, Any], *, restart: bool) -> Iterator[None]:
        """The folder of this run alone; raises BadInput or Conflict when it is of another one.

        order: what the run is of; the same again goes on where it stopped. restart: forget it.
        """
        if self.out.suffix.lower() not in (".parquet", ".csv"):
            raise BadInput(f"{self.out}: wanted a name that ends in .parquet or .csv")
        self._check_free()
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(f"another run writes {self.out} right now") from None
            # Whoever held the lock may have put it there between the look and the lock.
            self._check_free()
            if restart:
                self._forget()
            known = self._read().get("order")
            if known is not None and known != order:
                differs = next(key for key in order if known.get(key) != order[key])
                raise Conflict(
                    f"{self.folder} holds a run with another {differs}: go on with that one, or "
                    "begin anew with --restart"
                )
            self._write({**self._read(), "order": dict(order)})
            yield

    @property
    def version(self) -> int | None:
        """The version that answered first."""
        version: int | None = self._read().get("version")
        return version

    def note_version(self, version: int) -> None:
        """Remember the version that answered first."""
        self._write({**self._read(), "version": version})

    def scored(self) -> int:
        """How many rows have their answers."""
        parts = self._paths()
        if not parts:
            return 0
        return int(parts[-1].stem) + int(pq.read_metadata(parts[-1]).num_rows)

    def add(self, first: int, table: pa.Table) -> None:
        """Keep the answers to the rows from `first` on."""
        partial = self.folder / "writing"
        pq.write_table(table, partial)
        _settle(partial, self.folder / f"{first:012d}.parquet")

    def join(self) -> int:
        """Put all of them into the output, one after the other, and remove them; how many rows."""
        parts = self._paths()
        schema = pa.unify_schemas([pq.read_schema(p) for p in parts], promote_options="permissive")
        partial, rows = self.folder / "joining", 0
        is_csv = self.out.suffix.lower() == ".csv"
        kind = pa_csv.CSVWriter if is_csv else pq.ParquetWriter
        with kind(str(partial), schema) as writer:
            for path in parts:
                table = pq.read_table(path)
                missing = [field for field in schema if field.name not in table.column_names]
                for field in missing:
                    table = table.append_column(field, pa.nulls(table.num_rows, field.type))
                writer.write_table(table.select(schema.names).cast(schema))
                rows += table.num_rows
        _settle(partial, self.out)
        self._forget()
        shutil.rmtree(self.folder)
        return rows

    def _check_free(self) -> None:
        if self.out.exists():
            raise BadInput(f"{self.out} is there already: remove it, or choose another name")

    def _forget(self) -> None:
        """Remove the answers and what they are of.

        The last ones go first, so that a run which begins in the middle of this finds those of the
        first rows without a gap; and run.json after them, so that they are never of another run.
        """
        for path in [*reversed(self._paths()), self.folder / _RUN]:
            path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("????????????.parquet"))

    def _read(self) -> dict[str, Any]:
        try:
            document: dict[str, Any] = json.loads((self.folder / _RUN).read_bytes())
        except FileNotFoundError:
            return {}
        return document

    def _write(self, document: Mapping[str, Any]) -> None:
        partial = self.folder / "writing"
        partial.write_text(json.dumps(document))
        _settle(partial, self.folder / _RUN)


def _settle(partial: Path, place: Path) -> None:
    """Give a file its name once the disk has it."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(place)
