"""Views for reports: names, columns and meanings that stay while the tables may change.

Whoever reads the statistics with SQL or Power BI reads these; docs/power-bi.md lists them. Each
shows published days alone, the same as the pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from scienceops.adapters.sql.tables import DAYS, ROWS, is_shown
from scienceops.core.names import LATENCY, PREDICTION, QUALITY

_SHOWN = ROWS.join(DAYS, is_shown())

_MODEL = {
    "environment": "name of the installation",
    "web_service_name": "the service",
    "model_version": "number of the version",
    "model_id": "service:version",
}
_DAY = {"prediction_date": "UTC day on which the rows were scored"}
_MODEL_COLUMNS = (
    ROWS.c.environment,
    ROWS.c.web_service_name,
    ROWS.c.version.label("model_version"),
    ROWS.c.model_id,
)
_GROUP = (ROWS.c.environment, ROWS.c.web_service_name, ROWS.c.version, ROWS.c.model_id)

#: Column -> (statistic, what it means), one row per feature and day.
_FEATURE_STATISTICS = {
    "value_count": ("count", "values that were there"),
    "missing_count": ("missing", "values that were missing"),
    "mean": ("mean", "arithmetic mean"),
    "median": ("median", "middle value"),
    "standard_deviation": ("std", "of the sample"),
    "minimum": ("min", "smallest value"),
    "maximum": ("max", "largest value"),
    "distinct_count": ("distinct", "about how many different values"),
    "coefficient_of_variation": (
        "coefficient_of_variation",
        "standard deviation over the size of the mean",
    ),
    "rate_of_change": ("rate_of_change", "of the 7-day moving average of the mean"),
    "population_stability": ("psi", "population stability index against training"),
    "effect": ("effect", "how far from training, 0 to 1"),
    "p_value": ("p_value", "of the two-sample test against training"),
    "q_value": ("q_value", "p corrected over the features of the day"),
    "verdict": ("verdict", "1 drift, 0 stable, -1 not enough data, -2 not compared"),
}
_QUALITY_STATISTICS = {
    "labelled_count": ("labelled", "rows whose label has come"),
    "accuracy": ("accuracy", "share of right classes"),
    "f1": ("f1", "macro average of F1"),
    "log_loss": ("log_loss", "mean negative log likelihood"),
    "r2": ("r2", "coefficient of determination"),
    "mae": ("mae", "mean absolute error"),
    "rmse": ("rmse", "root of the mean squared error"),
}
_SHARE, _COUNT = "count_ratio:", "category_count:"


@dataclass(frozen=True)
class View:
    """A query under a stable name; `columns` says what each column means, in order."""

    name: str
    about: str
    columns: Mapping[str, str]
    query: sa.Select[Any]


def _piece(start: Any, length: int) -> sa.ColumnElement[str]:
    return sa.func.substring(ROWS.c.statistic, start, length, type_=ROWS.c.statistic.type)


def _value_of(statistic: str) -> sa.ColumnElement[Any]:
    return sa.func.max(sa.case((ROWS.c.statistic == statistic, ROWS.c.value)))


def _pivot(statistics: Mapping[str, tuple[str, str]]) -> list[sa.ColumnElement[Any]]:
    return [_value_of(statistic).label(name) for name, (statistic, _) in statistics.items()]


def _meanings(statistics: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {name: meaning for name, (_, meaning) in statistics.items()}


def _statistics() -> View:
    columns = {
        **_MODEL,
        **_DAY,
        "feature_name": "column of the input, or prediction, (latency_ms), (quality)",
        "statistic": "name, or name:label",
        "value": "the statistic's value",
        "n": "how many values it rests on",
        "run": "number of the run that computed it",
    }
    own = (ROWS.c[n] for n in ("prediction_date", "feature_name", "statistic", "value", "n", "run"))
    query = sa.select(*_MODEL_COLUMNS, *own).select_from(_SHOWN)
    return View("scienceops_statistics", "every statistic, one a row", columns, query)


def _features() -> View:
    kind = sa.case(
        (ROWS.c.feature_name == PREDICTION, "prediction"),
        (ROWS.c.feature_name == LATENCY, "latency"),
        else_="input",
    )
    verdict = _value_of("verdict")
    told = sa.case(
        (verdict == 1, "drift"),
        (verdict == 0, "stable"),
        (verdict == -1, "not enough data"),
        else_="not compared",
    )
    keys = (*_GROUP, ROWS.c.prediction_date, ROWS.c.feature_name)
    query = (
        sa.select(
            *_MODEL_COLUMNS,
            ROWS.c.prediction_date,
            ROWS.c.feature_name,
            kind.label("feature_kind"),
            *_pivot(_FEATURE_STATISTICS),
            told.label("verdict_text"),
        )
        .select_from(_SHOWN)
        .where(ROWS.c.feature_name != QUALITY)
        .group_by(*keys)
    )
    columns = {
        **_MODEL,
        **_DAY,
        "feature_name": "column of the input, or prediction, (latency_ms)",
        "feature_kind": "input, prediction or latency",
        **_meanings(_FEATURE_STATISTICS),
        "verdict_text": "drift, stable, not enough data or not compared",
    }
    return View("scienceops_features", "one row per feature and day", columns, query)


def _classes() -> View:
    is_share, is_count = _piece(1, len(_SHARE)) == _SHARE, _piece(1, len(_COUNT)) == _COUNT
    label = _piece(sa.case((is_share, len(_SHARE) + 1), else_=len(_COUNT) + 1), 256)
    one = (
        sa.select(
            *_MODEL_COLUMNS,
            ROWS.c.prediction_date,
            label.label("class_label"),
            sa.case((is_count, ROWS.c.value)).label("class_rows"),
            sa.case((is_share, ROWS.c.value)).label("class_share"),
        )
        .select_from(_SHOWN)
        .where(ROWS.c.feature_name == PREDICTION, sa.or_(is_share, is_count))
        .subquery("one")
    )
    keys = (*(one.c[name] for name in _MODEL), one.c.prediction_date, one.c.class_label)
    rows, share = sa.func.max(one.c.class_rows), sa.func.max(one.c.class_share)
    query = sa.select(*keys, rows.label("class_rows"), share.label("class_share")).group_by(*keys)
    columns = {
        **_MODEL,
        **_DAY,
        "class_label": "the predicted class",
        "class_rows": "rows predicted to be of it",
        "class_share": "their share of the day: the count ratio",
    }
    return View("scienceops_classes", "one row per predicted class and day", columns, query)


def _quality() -> View:
    query = (
        sa.select(*_MODEL_COLUMNS, ROWS.c.prediction_date, *_pivot(_QUALITY_STATISTICS))
        .select_from(_SHOWN)
        .where(ROWS.c.feature_name == QUALITY)
        .group_by(*_GROUP, ROWS.c.prediction_date)
    )
    columns = {**_MODEL, **_DAY, **_meanings(_QUALITY_STATISTICS)}
    return View("scienceops_quality", "one row per day that has labels", columns, query)


def _models() -> View:
    first, last = sa.func.min(ROWS.c.prediction_date), sa.func.max(ROWS.c.prediction_date)
    query = (
        sa.select(*_MODEL_COLUMNS, first.label("first_date"), last.label("last_date"))
        .select_from(_SHOWN)
        .group_by(*_GROUP)
    )
    columns = {**_MODEL, "first_date": "first day shown", "last_date": "last day shown"}
    return View("scienceops_models", "one row per version that has statistics", columns, query)


def _dates() -> View:
    query = sa.select(DAYS.c.prediction_date).distinct()
    return View("scienceops_dates", "one row per day that any version shows", _DAY, query)


VIEWS = (_statistics(), _features(), _classes(), _quality(), _models(), _dates())
