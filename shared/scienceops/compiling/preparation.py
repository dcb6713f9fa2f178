"""Lowering of transformers: scaling, filling, choosing, text."""

from typing import Any

import numpy as np
from sklearn.utils import check_array

from scienceops.compiled.categories import FillCategories
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
from scienceops.compiling.registry import (
    CannotCompile,
    Flow,
    Lowered,
    chain,
    numbers,
    plain,
    transforms,
)


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
    if model.func is None or getattr(model.func, "func", None) is check_array:
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
