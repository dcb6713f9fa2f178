"""Lowering of transformers: scaling, filling, encoding, choosing, text."""

import math
from typing import Any

import numpy as np

from scienceops.compiled.categories import Codes, FillCategories, OneHot
from scienceops.compiled.columns import Columns, Linear
from scienceops.compiled.numeric import (
    FUNCTIONS,
    Apply,
    Bins,
    Impute,
    MissingFlags,
    Normalise,
    Products,
    Scale,
    Threshold,
)
from scienceops.compiled.step import Step, is_missing
from scienceops.compiled.text import Text, TfIdf
from scienceops.compiling.registry import CannotCompile, Flow, chain, numbers, plain, transforms

Lowered = tuple[Step, Flow]


def _same_width(flow: Flow, *, missing: bool) -> Flow:
    return Flow(flow.width, missing)


@transforms("StandardScaler", "RobustScaler", "MaxAbsScaler", "MinMaxScaler")
def scaler(model: Any, flow: Flow) -> Lowered:
    """Shift and stretch, each in the class's own order."""
    kind = type(model).__name__
    if kind == "MinMaxScaler":
        low, high = model.feature_range if model.clip else (None, None)
        step = Scale(factor=model.scale_, plus=model.min_, low=low, high=high)
    elif kind == "MaxAbsScaler":
        limits = (-1.0, 1.0) if getattr(model, "clip", False) else (None, None)
        step = Scale(divisor=model.scale_, low=limits[0], high=limits[1])
    else:
        centred = model.with_mean if kind == "StandardScaler" else model.with_centering
        stretched = model.with_std if kind == "StandardScaler" else model.with_scaling
        centre = model.mean_ if kind == "StandardScaler" else model.center_
        if getattr(model, "unit_variance", False) and kind == "RobustScaler":
            stretched = True
        step = Scale(minus=centre if centred else None, divisor=model.scale_ if stretched else None)
    return chain(*numbers(flow, missing=True), step), _same_width(flow, missing=flow.missing)


@transforms("SimpleImputer")
def imputer(model: Any, flow: Flow) -> Lowered:
    """Each column's own value where one is missing."""
    if not is_missing(model.missing_values):
        raise CannotCompile(f"SimpleImputer looks for {model.missing_values!r} as missing")
    flags = [] if model.indicator_ is None else model.indicator_.features_.tolist()
    if model.statistics_.dtype == object:
        if flags or any(map(is_missing, model.statistics_)):
            raise CannotCompile("SimpleImputer of text with flags or empty columns")
        if flow.columns is None:
            raise CannotCompile("SimpleImputer of text that was made on the way")
        filled = tuple(
            type(column)(column.name, column.type, categories=column.categories)
            for column in flow.columns
        )
        step: Step = FillCategories(plain(model.statistics_))
        return step, Flow(flow.width, missing=False, columns=filled)
    values = np.asarray(model.statistics_, dtype=np.float64)
    kept = np.flatnonzero(~np.isnan(values)).tolist()
    if model.keep_empty_features:
        kept = list(range(len(values)))
        values = np.nan_to_num(values, nan=0.0)
    step = Impute(values, kept, flags)
    made = Flow(len(kept) + len(flags), missing=False)
    return chain(*numbers(flow, missing=True), step), made


@transforms("MissingIndicator")
def missing_indicator(model: Any, flow: Flow) -> Lowered:
    """Flags of missing numbers."""
    if not is_missing(model.missing_values):
        raise CannotCompile(f"MissingIndicator looks for {model.missing_values!r} as missing")
    step = MissingFlags(model.features_.tolist())
    made = Flow(len(step.positions), missing=False)
    return chain(*numbers(flow, missing=True), step), made


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


@transforms("PCA", "TruncatedSVD")
def projection(model: Any, flow: Flow) -> Lowered:
    """Shifted by the mean, onto the components."""
    components = np.asarray(model.components_, dtype=np.float64)
    made = Flow(len(components), missing=False)
    if type(model).__name__ == "TruncatedSVD":
        linear = Linear(components, np.zeros(len(components)))
        return (linear if flow.sparse else chain(*numbers(flow), linear)), made
    shift = -(model.mean_.reshape(1, -1) @ components.T).ravel()
    steps: list[Step] = [*numbers(flow), Linear(components, shift)]
    if model.whiten:
        steps.append(Scale(divisor=np.sqrt(model.explained_variance_)))
    return chain(*steps), made


@transforms("PolynomialFeatures")
def polynomial(model: Any, flow: Flow) -> Lowered:
    """Products of columns."""
    factors = [
        [column for column, power in enumerate(powers) for _ in range(int(power))]
        for powers in model.powers_
    ]
    return chain(*numbers(flow), Products(factors)), Flow(len(factors), missing=False)


@transforms(
    "GenericUnivariateSelect", "RFE", "RFECV", "SelectFdr", "SelectFpr", "SelectFromModel",
    "SelectFwe", "SelectKBest", "SelectPercentile", "SequentialFeatureSelector",
    "VarianceThreshold",
)  # fmt: skip
def selector(model: Any, flow: Flow) -> Lowered:
    """The columns that were chosen."""
    chosen = model.get_support(indices=True).tolist()
    if flow.sparse:
        raise CannotCompile("a choice among terms of text")
    made = Flow(len(chosen), flow.missing)
    return chain(*numbers(flow, missing=True), Columns(chosen)), made


@transforms("Binarizer")
def binarizer(model: Any, flow: Flow) -> Lowered:
    """1 above the threshold."""
    step = Threshold(float(model.threshold))
    return chain(*numbers(flow), step), Flow(flow.width, missing=False)


@transforms("Normalizer")
def normalizer(model: Any, flow: Flow) -> Lowered:
    """Each row by its norm."""
    if flow.sparse:
        if model.norm == "max":
            raise CannotCompile("Normalizer by the largest of terms of text")
        return TfIdf(None, sublinear=False, norm=model.norm), flow
    return chain(*numbers(flow), Normalise(model.norm)), Flow(flow.width, missing=False)


@transforms("KBinsDiscretizer")
def bins(model: Any, flow: Flow) -> Lowered:
    """The bin of each number."""
    edges = [np.asarray(column[1:-1], dtype=np.float64) for column in model.bin_edges_]
    one_hot = model.encode != "ordinal"
    width = sum(len(inner) + 1 for inner in edges) if one_hot else len(edges)
    return chain(*numbers(flow), Bins(edges, one_hot)), Flow(width, missing=False)


@transforms("FunctionTransformer")
def function(model: Any, flow: Flow) -> Lowered:
    """A function of numpy, or none."""
    if model.kw_args:
        raise CannotCompile("FunctionTransformer with arguments")
    first = numbers(flow, missing=True)
    if model.func is None or getattr(model.func, "func", None).__class__.__name__ == "function":
        # Histogram boosting puts its own check in one of these.
        return chain(*first), Flow(flow.width, flow.missing)
    name = getattr(model.func, "__name__", "")
    if getattr(np, name, None) is not model.func or name not in FUNCTIONS:
        raise CannotCompile(f"FunctionTransformer of {name or model.func!r}")
    return chain(*first, Apply(name)), Flow(flow.width, missing=True)


@transforms("CountVectorizer", "TfidfVectorizer")
def vectorizer(model: Any, flow: Flow) -> Lowered:
    """Terms of a text, counted and weighted."""
    if flow.columns is None or flow.width != 1 or flow.columns[0].type != "string":
        raise CannotCompile("text that is not one column as it was sent")
    if callable(model.analyzer) or model.preprocessor is not None or model.tokenizer is not None:
        raise CannotCompile("text that is taken apart by a function of one's own")
    if callable(model.strip_accents):
        raise CannotCompile("accents that are stripped by a function of one's own")
    terms = sorted(model.vocabulary_, key=model.vocabulary_.__getitem__)
    shortest, longest = model.ngram_range
    text = Text(
        terms=terms,
        analyzer=model.analyzer,
        lowercase=bool(model.lowercase),
        accents=model.strip_accents,
        token_pattern=model.token_pattern or "",
        stop_words=sorted(model.get_stop_words() or ()) if model.analyzer == "word" else [],
        shortest=int(shortest),
        longest=int(longest),
        binary=bool(model.binary),
    )
    made = Flow(len(terms), missing=False, sparse=True)
    if type(model).__name__ == "CountVectorizer":
        return text, made
    return chain(text, _weights(model._tfidf)), made


@transforms("TfidfTransformer")
def tfidf(model: Any, flow: Flow) -> Lowered:
    """Counts, weighted."""
    if not flow.sparse:
        raise CannotCompile("TfidfTransformer of what is no text")
    return _weights(model), flow


def _weights(model: Any) -> TfIdf:
    weights = np.asarray(model.idf_, dtype=np.float64) if model.use_idf else None
    return TfIdf(weights, bool(model.sublinear_tf), model.norm)
