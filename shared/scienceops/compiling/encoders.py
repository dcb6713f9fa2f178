"""Lowering of encoders: categories become numbers or columns."""

import math
from typing import Any

from scienceops.compiled.categories import Codes, OneHot
from scienceops.compiled.step import Step, is_missing
from scienceops.compiling.registry import CannotCompile, Flow, Lowered, plain, transforms


@transforms("OneHotEncoder")
def one_hot(model: Any, flow: Flow) -> Lowered:
    """A column for each category, as dropped and gathered by the encoder."""
    known = [plain(values) for values in model.categories_]
    _check_keys(known)
    positions: list[list[int]] = []
    unknown: list[int] = []
    first = 0
    infrequent = model.infrequent_categories_ if model._infrequent_enabled else None
    for index, values in enumerate(known):
        rare = [] if infrequent is None or infrequent[index] is None else plain(infrequent[index])
        frequent = [value for value in values if value not in rare]
        # The infrequent ones share the last column.
        order = {value: place for place, value in enumerate(frequent)}
        order.update(dict.fromkeys(rare, len(frequent)))
        size = len(frequent) + bool(rare)
        dropped = None if model.drop_idx_ is None else model.drop_idx_[index]
        if dropped is not None:
            gone = order[values[int(dropped)]]
            order = {v: -1 if p == gone else p - (p > gone) for v, p in order.items()}
            size -= 1
        positions.append([-1 if order[v] < 0 else order[v] + first for v in values])
        if model.handle_unknown == "error":
            unknown.append(-2)
        elif rare and model.handle_unknown in ("infrequent_if_exist", "warn"):
            unknown.append(-1 if order[rare[0]] < 0 else order[rare[0]] + first)
        else:
            unknown.append(-1)
        first += size
    step = OneHot(*_matchable(model, known, positions), unknown, first)
    return _on_categories(step, flow), Flow(first, missing=False)


@transforms("OrdinalEncoder")
def ordinal(model: Any, flow: Flow) -> Lowered:
    """The number of each category."""
    known = [plain(values) for values in model.categories_]
    _check_keys(known)
    if model._infrequent_enabled:
        raise CannotCompile("OrdinalEncoder with infrequent categories")
    missing = float(model.encoded_missing_value)
    codes = [
        [missing if value is None else float(place) for place, value in enumerate(values)]
        for values in known
    ]
    refuses = model.handle_unknown == "error"
    unknown = None if refuses else float(model.unknown_value)
    unknowns = _without_nan([[unknown] * len(known)])[0]
    step = Codes(*_matchable(model, known, _without_nan(codes)), unknowns, refuses)
    may_lack = math.isnan(missing) or (unknown is not None and math.isnan(unknown))
    return _on_categories(step, flow), Flow(len(known), missing=may_lack)


@transforms("TargetEncoder")
def target_encoder(model: Any, flow: Flow) -> Lowered:
    """The mean target of each category."""
    if model.target_type_ == "multiclass":
        raise CannotCompile("TargetEncoder of several classes")
    known = [plain(values) for values in model.categories_]
    _check_keys(known)
    numbers_of = [values.tolist() for values in model.encodings_]
    mean = float(model.target_mean_)
    step = Codes(*_matchable(model, known, numbers_of), [mean] * len(known), refuses=False)
    return _on_categories(step, flow), Flow(len(known), missing=False)


def _matchable(
    model: Any, known: list[list[Any]], found: list[list[Any]]
) -> tuple[list[list[Any]], list[list[Any]]]:
    """Both without the category None: missing values arrive as NaN, which it is not."""
    kept = [
        [place for place, value in enumerate(values) if value is not None]
        for values in (column.tolist() for column in model.categories_)
    ]
    return (
        [[values[place] for place in places] for values, places in zip(known, kept, strict=True)],
        [[values[place] for place in places] for values, places in zip(found, kept, strict=True)],
    )


def _check_keys(known: list[list[Any]]) -> None:
    for values in known:
        if len(set(values)) != len(values):
            raise CannotCompile("a category is there twice, as None and as NaN perhaps")


def _without_nan(rows: Any) -> Any:
    return [[None if is_missing(value) else value for value in row] for row in rows]


def _on_categories(step: Step, flow: Flow) -> Step:
    for column in flow.columns or ():
        if column.type == "datetime":
            raise CannotCompile(f"column {column.name!r} holds times that are encoded")
    return step
