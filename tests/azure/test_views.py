"""The views say what the pages say, of the same statistics, on SQLite and on PostgreSQL."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from scienceops.adapters.local.message_queue import SqliteMessageQueue
from scienceops.adapters.local.model_registry import SqliteModelRegistry
from scienceops.adapters.local.object_store import FolderObjectStore
from scienceops.adapters.sql import schema
from scienceops.adapters.sql.schema import prepare
from scienceops.adapters.sql.statistics import SqlStatisticsStore
from scienceops.adapters.sql.views import VIEWS, View
from scienceops.core.names import LATENCY, PREDICTION, QUALITY, Partition
from scienceops.core.stats.terms import VERDICTS
from scienceops.core.versions import Service, Version
from scienceops.ports.statistics_store import StatisticRow
from scienceops.usecases.data_monitor import data_monitor
from scienceops.usecases.model_monitor import model_monitor
from scienceops.usecases.records import Stored, number_key, save

DAYS = [date(2026, 11, 20), date(2026, 11, 21)]
FEATURES: dict[str, dict[str, float]] = {
    "age": {"count": 90, "missing": 10, "mean": 40.5, "std": 8, "coefficient_of_variation": 0.2},
    "bmi": {"count": 100, "missing": 0, "mean": 25.0, "effect": 0.4, "q_value": 0.001},
    PREDICTION: {"category_count:a:b": 75, "category_count:c": 25, "count": 100},
    LATENCY: {"median": 3.5, "p95": 9.0},
    QUALITY: {"labelled": 50, "accuracy": 0.9, "f1": 0.88},
}
SHARES = {"count_ratio:a:b": 0.75, "count_ratio:c": 0.25}
VERDICT = {"age": 0.0, "bmi": 1.0, PREDICTION: -1.0}


def rows(partition: Partition) -> Iterator[StatisticRow]:
    """What a run writes of a day."""
    for feature, found in FEATURES.items():
        told = {**found, **(SHARES if feature == PREDICTION else {})}
        if feature in VERDICT:
            told["verdict"] = VERDICT[feature]
        for statistic, value in told.items():
            place = ("test", partition.service, f"iris:{partition.version}", partition.date)
            yield StatisticRow(*place, feature, statistic, float(value), 100)


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    sqlite = f"sqlite:///{tmp_path / 'statistics.db'}"
    url = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def ports(engine: sa.Engine, tmp_path: Path) -> Any:
    """What the pages read: a live service with two days, and a run that is not shown."""
    statistics = SqlStatisticsStore(engine)
    for day in DAYS:
        partition = Partition("iris", 1, day)
        statistics.write(1, partition, rows(partition))
        statistics.publish(1, partition)
        statistics.write(2, partition, [])
    hidden = Partition("iris", 1, date(2026, 11, 22))
    statistics.write(3, hidden, rows(hidden))
    registry = SqliteModelRegistry(tmp_path / "platform.db")
    objects = FolderObjectStore(tmp_path / "bucket", SqliteMessageQueue(tmp_path / "platform.db"))
    now = datetime.now(UTC)
    service = Service(name="iris", live=1)
    save(registry, Stored(service, "iris", "service"), service, at=now)
    version = Version(
        service="iris",
        number=1,
        digest="0" * 64,
        uploaded_at="2026-11-20T00:00:00.000Z",
        uploaded_key="packages/iris/model.zip",
        manifest={},
        requirements=(),
    )
    save(registry, Stored(version, "iris", number_key("version", 1)), version, at=now)
    return SimpleNamespace(registry=registry, objects=objects, statistics=statistics)


@pytest.fixture
def look(engine: sa.Engine, ports: Any) -> Any:
    """Rows of a view, as dicts, in order."""

    def look(view: str, order: str) -> list[dict[str, Any]]:
        with engine.connect() as connection:
            found = connection.execute(sa.text(f"SELECT * FROM {view} ORDER BY {order}"))
            return [{**row, "prediction_date": _day(row)} for row in found.mappings()]

    return look


def _day(row: Any) -> str:
    # SQLite has no type for days: it gives their text.
    return str(row.get("prediction_date", ""))


def test_each_view_has_the_columns_that_are_promised(engine: sa.Engine, ports: Any) -> None:
    inspector = sa.inspect(engine)
    for view in VIEWS:
        columns = [column["name"] for column in inspector.get_columns(view.name)]
        assert columns == list(view.columns), view.name


def older(view: View) -> View:
    """The view as another release had it: with another column, and none of today's."""
    return dataclasses.replace(view, query=sa.select(sa.literal(1).label("gone")))


def columns_of(engine: sa.Engine) -> dict[str, list[str]]:
    inspector = sa.inspect(engine)
    return {v.name: [column["name"] for column in inspector.get_columns(v.name)] for v in VIEWS}


def test_views_of_another_release_are_replaced(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "VIEWS", tuple(older(view) for view in VIEWS))
        prepare(engine)
    assert all(columns == ["gone"] for columns in columns_of(engine).values())
    prepare(engine)
    assert columns_of(engine) == {view.name: list(view.columns) for view in VIEWS}


def test_views_that_are_as_they_should_be_are_left_alone(engine: sa.Engine) -> None:
    prepare(engine)
    sent: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *told: sent.append(told[2]))
    prepare(engine)
    assert not [statement for statement in sent if statement.startswith(("CREATE", "DROP"))]


def test_a_view_that_may_not_be_replaced_does_not_keep_rows_from_being_written(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    prepare(engine)

    def refuse(*told: Any) -> None:
        if told[2].startswith(("CREATE", "DROP")):
            raise sa.exc.ProgrammingError(told[2], None, Exception("permission denied"))

    monkeypatch.setattr(schema, "VIEWS", tuple(older(view) for view in VIEWS))
    monkeypatch.setattr(schema, "PAUSE_SECONDS", 0)
    sa.event.listen(engine, "before_cursor_execute", refuse)
    prepare(engine)
    assert [record.reason for record in caplog.records] == ["permission denied"]


def test_features_are_those_of_the_page_with_its_values_and_verdicts(look: Any, ports: Any) -> None:
    page = data_monitor("iris", ports, wanted="", everything=True)
    assert [told["feature"] for told in page["features"]] == ["bmi", "age"]
    seen = [r for r in look("scienceops_features", "feature_name") if r["feature_kind"] == "input"]
    assert sorted({row["prediction_date"] for row in seen}) == page["days"]
    by_feature = {row["feature_name"]: row for row in seen if row["prediction_date"][-2:] == "21"}
    for told in page["features"]:
        row = by_feature[told["feature"]]
        assert row["verdict_text"] == told["verdict"] == VERDICTS[row["verdict"]]
        assert (row["effect"], row["q_value"], row["mean"], row["missing_count"]) == (
            told["effect"],
            told["q_value"],
            told["mean"],
            told["missing"],
        )
        assert row["coefficient_of_variation"] == told["coefficient_of_variation"]


def test_classes_are_those_of_the_page_with_its_shares(look: Any, ports: Any) -> None:
    page = model_monitor("iris", ports)["versions"]["iris:1"]
    seen = look("scienceops_classes", "class_label, prediction_date")
    for label in ("a:b", "c"):
        rows = [row for row in seen if row["class_label"] == label]
        assert [row["prediction_date"] for row in rows] == page["days"]
        assert [row["class_share"] for row in rows] == page["ratios"][label]
        assert [row["class_rows"] / 100 for row in rows] == page["ratios"][label]


def test_quality_is_that_of_the_page(look: Any, ports: Any) -> None:
    page = model_monitor("iris", ports)["versions"]["iris:1"]["quality"]
    seen = look("scienceops_quality", "prediction_date")
    assert [row["prediction_date"] for row in seen] == page["days"]
    assert [row["labelled_count"] for row in seen] == page["labelled"]
    for measure in ("accuracy", "f1"):
        assert [row[measure] for row in seen] == [v[0] for v in page["measures"][measure]]
    assert {row["rmse"] for row in seen} == {None}


def test_what_no_page_shows_no_view_shows(look: Any, ports: Any) -> None:
    shown = ports.statistics.read("iris")
    seen = look("scienceops_statistics", "prediction_date, feature_name, statistic")
    assert {(r["feature_name"], r["statistic"], r["value"], r["n"], r["run"]) for r in seen} == {
        (r.feature_name, r.statistic, r.value, r.n, 1) for r in shown
    }
    assert len(seen) == len(shown)
    assert [r["prediction_date"] for r in look("scienceops_dates", "prediction_date")] == [
        day.isoformat() for day in DAYS
    ]
    [model] = look("scienceops_models", "model_id")
    assert (model["model_id"], model["model_version"]) == ("iris:1", 1)
    assert [str(model[name]) for name in ("first_date", "last_date")] == [
        day.isoformat() for day in DAYS
    ]
