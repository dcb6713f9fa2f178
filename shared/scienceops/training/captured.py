"""Captured: the rows that a service scored, with their labels and what experts said of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from scienceops.core.captures import INPUT_PREFIX
from scienceops.core.flags import by_weight
from scienceops.core.labels import Known, read_lines
from scienceops.core.names import AT, FLAG, LABEL, PREDICTION, REQUEST, ROW
from scienceops.core.retraining import Flag
from scienceops.core.schema import Schema
from scienceops.core.segments import read_segment
from scienceops.errors import BadLabels, BadSegment
from scienceops.ports.object_store import ObjectStore

META = [REQUEST, ROW, AT, LABEL, FLAG]


def read_captured(
    partitions: Iterable[Mapping[str, Any]],
    flags: Sequence[Flag],
    objects: ObjectStore,
    *,
    most: int | None = None,
) -> pd.DataFrame:
    """The rows of partitions: their inputs, META, and the prediction they got.

    LABEL is None where there is none. FLAG is `wrong` where a flag that covers the row says so,
    else `retrain` where one does, else empty. most: stop once there are so many rows.
    """
    frames: list[pd.DataFrame] = []
    rows = 0
    for partition in partitions:
        labels: Known = {}
        for key in sorted(partition["label_keys"]):
            labels |= _read_labels(key, objects)
        for key in partition["keys"]:
            frame = _read_segment(key, objects)
            places = zip(frame[REQUEST], frame[ROW], strict=True)
            frame[LABEL] = pd.Series(
                [labels.get(place) for place in places], index=frame.index, dtype=object
            )
            frames.append(frame)
            rows += len(frame)
            if most is not None and rows >= most:
                return _flagged(_together(frames).head(most), flags)
    if not frames:
        return pd.DataFrame(columns=[*META, PREDICTION])
    return _flagged(_together(frames), flags)


def _together(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Their rows, each once."""
    rows = pd.concat(frames, ignore_index=True).drop_duplicates([REQUEST, ROW])
    return rows.reset_index(drop=True)


def inputs_of(frame: pd.DataFrame) -> list[str]:
    """The input columns of captured rows."""
    return [name for name in frame.columns if name not in (*META, PREDICTION)]


def fitting(frame: pd.DataFrame, *schemas: Schema) -> pd.DataFrame:
    """The captured rows that models with these schemas can answer, with all columns that they take.

    A row that a version with other columns answered has no value in a column that is new since.

    >>> from scienceops.core.schema import Column
    >>> old_and_new = pd.DataFrame({"a": [1.0, 2.0], "b": [None, 3.0]})
    >>> fitting(old_and_new, Schema((Column("a", "number"), Column("b", "number"))))["a"].tolist()
    [2.0]
    """
    columns = [column for schema in schemas for column in schema.columns]
    frame = frame.copy()
    for column in columns:
        if column.name not in frame.columns:
            frame[column.name] = None
    required = [column.name for column in columns if not column.nullable]
    return frame[frame[required].notna().all(axis=1)]


def _read_segment(key: str, objects: ObjectStore) -> pd.DataFrame:
    try:
        table = read_segment(objects.get(key))
    except BadSegment as error:
        # A training set lacks no rows without a word.
        raise BadSegment(f"{key}: {error}; leave out its day, or remove it") from error
    names = {"request_id": REQUEST, "row": ROW, "captured_at": AT, PREDICTION: PREDICTION}
    names |= {
        name: name.removeprefix(INPUT_PREFIX)
        for name in table.column_names
        if name.startswith(INPUT_PREFIX)
    }
    return table.select(list(names)).to_pandas().set_axis(list(names.values()), axis=1)


def _read_labels(key: str, objects: ObjectStore) -> Known:
    try:
        return read_lines(objects.get(key))
    except BadLabels as error:
        raise BadLabels(f"{key}: {error}; leave out its day, or remove it") from error


def _flagged(frame: pd.DataFrame, flags: Sequence[Flag]) -> pd.DataFrame:
    marks = pd.Series("", index=frame.index, dtype=object)
    for flag in by_weight(flags):
        if flag.request_ids:
            covered = frame[REQUEST].isin(flag.request_ids)
        else:
            since, until = map(datetime.fromisoformat, (flag.since, flag.until))
            covered = (frame[AT] >= since) & (frame[AT] < until)
        marks[covered] = flag.kind
    frame = frame.copy()
    frame[FLAG] = marks
    return frame
