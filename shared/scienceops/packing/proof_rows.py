"""Proof rows: what a compiled model must answer as its original does before it may serve."""

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd

from scienceops.core.schema import Column, Schema
from scienceops.core.table import Table
from scienceops.packing.rows import json_values

#: A category that no training data has.
UNSEEN = "\N{SNOWMAN} never seen"
_SEED = 20_24

#: Most values that a kind of rows may have, so that wide tables are proved in bounded time.
MOST_VALUES = 400_000

Values = list[Any]


def known_rows(frame: pd.DataFrame, schema: Schema, most: int) -> Table:
    """At most so many rows of the frame, evenly spaced."""
    count = min(len(frame), most, max(100, MOST_VALUES // len(schema.columns)))
    chosen = np.linspace(0, len(frame) - 1, count).round().astype(int)
    part = frame.iloc[chosen]
    return Table([json_values(part[c.name], c) for c in schema.columns], count)


def edge_rows(frame: pd.DataFrame, schema: Schema) -> Table:
    """The frame's middle row, with each column in turn at, beside and far outside its range."""
    middle = known_rows(frame, schema, 3)
    base = [values[middle.count // 2] for values in middle.columns]
    columns: list[Values] = [[] for _ in base]
    most = max(2, MOST_VALUES // len(base) ** 2)
    for place, column in enumerate(schema.columns):
        edges = _edges(column, json_values(frame[column.name], column))
        for value in edges[:: -(-len(edges) // most)]:
            for other, values in enumerate(columns):
                values.append(value if other == place else base[other])
    return Table(columns, len(columns[0]))


def made_up_rows(frame: pd.DataFrame, schema: Schema, count: int, seed: int = _SEED) -> Table:
    """Rows whose columns are drawn apart: from the frame, around its range, missing, unseen."""
    random = np.random.default_rng(seed)
    count = min(count, max(100, MOST_VALUES // len(schema.columns)))
    columns = [
        _draw(column, json_values(frame[column.name], column), count, random)
        for column in schema.columns
    ]
    return Table(columns, count)


def joined(tables: Sequence[Table]) -> Table:
    """All rows of several tables."""
    columns = [
        [value for values in parts for value in values]
        for parts in zip(*(table.columns for table in tables), strict=True)
    ]
    return Table(columns, sum(table.count for table in tables))


def part_of(table: Table, start: int, end: int) -> Table:
    """Rows start to end."""
    return Table([values[start:end] for values in table.columns], min(end, table.count) - start)


def rows_of(table: Table, chosen: Sequence[bool]) -> Table:
    """The rows that are chosen."""
    columns = [list(compress(values, chosen)) for values in table.columns]
    return Table(columns, sum(chosen))


def _edges(column: Column, seen: Values) -> Values:
    present = [value for value in seen if value is not None]
    found: Values = [None] if column.nullable else []
    if column.type == "boolean":
        return [*found, True, False]
    if column.type in ("string", "datetime"):
        return [*found, *_texts(column, present)]
    whole = column.type == "integer"
    low, high = (min(present), max(present)) if present else (0, 1)
    span = (high - low) or 1
    numbers: Values = [low, high, low - span, high + span, 0, 1, -1, low - 1000 * span]
    numbers += [high + 1000 * span, *sorted(set(present))[:: max(1, len(set(present)) // 20)]]
    if whole:
        return found + [_whole(number) for number in numbers]
    beside: Values = []
    for number in numbers[-20:]:
        beside += [float(np.nextafter(number, np.inf)), float(np.nextafter(number, -np.inf))]
    return found + [float(number) for number in numbers] + beside + [1e-300, -0.0]


def _texts(column: Column, present: Values) -> Values:
    if column.type == "datetime":
        return present[:20]
    known = list(column.categories or sorted(set(present))[:50])
    return [*known, UNSEEN, "", " ", "A a, b.B\n1 é ß"]


def _draw(column: Column, seen: Values, count: int, random: np.random.Generator) -> Values:
    present = [value for value in seen if value is not None]
    # A column without any value is drawn from what such a column may hold.
    present = present or [value for value in _edges(column, seen) if value is not None]
    makers: list[tuple[float, Callable[[], Any]]] = []
    if column.nullable:
        makers.append((0.1, lambda: None))
    if column.type == "string":
        makers.append((0.1, lambda: UNSEEN))
        if column.categories is None:
            words = " ".join(map(str, present[:200])).split() or ["a"]
            makers.append((0.4, lambda: " ".join(random.choice(words, random.integers(1, 12)))))
    elif column.type in ("number", "integer"):
        low, high = float(min(present)), float(max(present))
        half = ((high - low) or 1.0) / 2
        makers.append((0.3, lambda: float(random.uniform(low - half, high + half))))
    values: Values = []
    for share, drawn in zip(
        random.random(count), random.integers(0, len(present), count), strict=True
    ):
        value, below = present[drawn], 0.0
        for odds, make in makers:
            if below <= share < below + odds:
                value = make()
            below += odds
        values.append(_whole(value) if column.type == "integer" and value is not None else value)
    return values


def _whole(number: float) -> int:
    """The nearest whole number that the schema takes."""
    return min(max(int(number), -(2**63)), 2**63 - 1)
