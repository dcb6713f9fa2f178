"""Program: a compiled model in one file of arrays, without a pickle."""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from scienceops.compiled.array_file import read_arrays
from scienceops.compiled.field_types import misfit
from scienceops.compiled.step import (
    STEPS,
    Array,
    Classified,
    OneClassified,
    Refused,
    Row,
    Step,
    name_of,
)
from scienceops.core.package import COMPILED
from scienceops.core.table import Table
from scienceops.errors import BadPackage, ModelFailed

FORMAT = 1

#: Where steps are defined.
_MODULES = ("answers", "categories", "columns", "forest", "numeric", "text")
_DOCUMENT = "program"
_BROKEN = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, RecursionError, TypeError,
    ValueError, re.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_FIX = "write it with `scienceops pack`"
#: Numbers that one part of a call may make on its way; more rows go in several parts.
_MOST_NUMBERS = 4_000_000
#: Deepest nesting of steps; a real model has a dozen.
_DEEPEST = 60


@dataclass(frozen=True, eq=False)
class Program:
    """A compiled model.

    classes: labels as JSON values, in the order of the shares; None for a regression.
    width: columns that the widest step makes of a row.
    """

    root: Step
    classes: list[Any] | None
    width: int
    _at_once: int = field(init=False, repr=False)
    _labels: Array | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        at_once = max(1, _MOST_NUMBERS // max(1, self.width))
        object.__setattr__(self, "_at_once", at_once)
        labels = None if self.classes is None else np.empty(len(self.classes), dtype=object)
        if labels is not None:
            labels[:] = self.classes
        object.__setattr__(self, "_labels", labels)

    def __call__(self, table: Table) -> tuple[list[Any], Array | None]:
        """(prediction of each row as a JSON value, shares (rows, classes) or None).

        Raises ModelFailed for rows that the original refuses, too.
        """
        at_once = self._at_once
        if table.count <= at_once:
            return self._part(table)
        predictions: list[Any] = []
        shares: list[Array] = []
        for start in range(0, table.count, at_once):
            columns = [column[start : start + at_once] for column in table.columns]
            part = Table(columns, min(at_once, table.count - start))
            said, share = self._part(part)
            predictions += said
            if share is not None:
                shares.append(share)
        return predictions, np.concatenate(shares) if shares else None

    def of_row(self, row: Row) -> tuple[list[Any], Array | list[float] | None]:
        """The same, to the bit, for the values of one row; its shares are a list if they are few.

        Raises ModelFailed as above.
        """
        answer = _ask(self.root.of_row, row)
        if isinstance(answer, OneClassified) and self.classes is not None:
            return [self.classes[answer.winner]], answer.shares
        return (answer, None) if type(answer) is list else self._told(answer)

    def _part(self, table: Table) -> tuple[list[Any], Array | None]:
        return self._told(_ask(self.root, table))

    def _told(self, answer: Any) -> tuple[list[Any], Array | None]:
        if not isinstance(answer, Classified) or self._labels is None:
            return answer.tolist(), None
        return self._labels.take(answer.winners).tolist(), answer.shares


def _ask(act: Callable[[Any], Any], given: Any) -> Any:
    try:
        # What overflows gives inf or NaN, as it does in the original, and no warning.
        with np.errstate(all="ignore"):
            return act(given)
    except Refused as error:
        raise ModelFailed(f"the model does not take these rows: {error}") from None


def write_program(program: Program) -> bytes:
    """The same bytes for the same program."""
    arrays: dict[str, Array] = {}
    document = {
        "format": FORMAT,
        "classes": program.classes,
        "width": program.width,
        "root": _pack(program.root, arrays),
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    arrays[_DOCUMENT] = np.frombuffer(text, dtype=np.uint8)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in sorted(arrays.items()):
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
    return out.getvalue()


def read_program(path: Path) -> Program:
    """The program in a file; raises BadPackage for one that is not as it was written."""
    for module in _MODULES:
        import_module(f"scienceops.compiled.{module}")
    try:
        arrays = read_arrays(path)
        document = json.loads(arrays.pop(_DOCUMENT).tobytes())
        if document.get("format") != FORMAT:
            raise _bad(f"its format {document.get('format')!r} is not one this release reads")
        root = _unpack(document["root"], arrays, 0)
        if not isinstance(root, Step):
            raise _bad("it holds no step")
        classes, width = document["classes"], document["width"]
        if not isinstance(classes, list | None) or not isinstance(width, int):
            raise _bad("its classes are no list, or its width is no whole number")
        return Program(root, classes, width)
    except BadPackage:
        raise
    except _BROKEN as error:
        raise _bad(f"{type(error).__name__}: {error}") from None


def _pack(value: Any, arrays: dict[str, Array]) -> Any:
    if isinstance(value, Step):
        held = {
            part.name: _pack(getattr(value, part.name), arrays)
            for part in fields(value)
            if part.init
        }
        return {"step": name_of(value), **held}
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays):05d}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, list | tuple):
        return [_pack(item, arrays) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def _unpack(value: Any, arrays: Mapping[str, Array], depth: int) -> Any:
    if depth > _DEEPEST:
        raise _bad("its steps are nested too deep")
    if isinstance(value, list):
        return [_unpack(item, arrays, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"array"}:
        return arrays[value["array"]]
    kind = STEPS.get(value.get("step", ""))
    if kind is None:
        raise _bad(f"it has the step {value.get('step')!r}, which this release does not know")
    held = {name: item for name, item in value.items() if name != "step"}
    wanted = {part.name for part in fields(kind) if part.init}
    if set(held) != wanted:
        raise _bad(f"the step {value['step']!r} holds {sorted(held)}, wanted {sorted(wanted)}")
    made = {name: _unpack(item, arrays, depth + 1) for name, item in held.items()}
    if odd := misfit(kind, made):
        raise _bad(f"the step {value['step']!r} has {made[odd]!r:.80} as its {odd}")
    return kind(**made)


def _bad(reason: str) -> BadPackage:
    return BadPackage(reason, file=COMPILED, fix=_FIX)
