"""What every StatisticsStore promises."""

from datetime import date

import pytest

from scienceops.core.names import Partition
from scienceops.ports.statistics_store import StatisticRow

DAY = Partition("iris", 1, date(2026, 11, 20))
NEXT = Partition("iris", 1, date(2026, 11, 21))


def row(partition, statistic="mean", value=1.0, feature="age"):
    return StatisticRow(
        "test",
        partition.service,
        f"{partition.service}:{partition.version}",
        partition.date,
        feature,
        statistic,
        value,
        10,
    )


class StatisticsStoreContract:
    """Inherit, and give a fixture `store` that is empty."""

    @pytest.fixture
    def store(self):
        raise AssertionError("the suite of an adapter gives its own store")

    def test_rows_show_only_once_they_are_published(self, store):
        assert store.write(1, DAY, [row(DAY)]) == 1
        assert store.read("iris") == []
        assert store.publish(1, DAY)
        assert store.read("iris") == [row(DAY)]

    def test_a_later_run_replaces_what_is_shown(self, store):
        store.write(1, DAY, [row(DAY), row(DAY, "max")])
        store.publish(1, DAY)
        store.write(2, DAY, [row(DAY, value=2.0)])
        assert store.read("iris")[0].value == 1.0
        store.publish(2, DAY)
        assert store.read("iris") == [row(DAY, value=2.0)]

    def test_publishing_never_goes_back(self, store):
        store.write(1, DAY, [row(DAY)])
        store.write(2, DAY, [row(DAY, value=2.0)])
        assert store.publish(2, DAY)
        assert not store.publish(1, DAY)
        assert [r.value for r in store.read("iris")] == [2.0]
        assert [d.run_number for d in store.days("iris")] == [2]

    def test_publishing_what_is_shown_says_yes(self, store):
        store.write(1, DAY, [row(DAY)])
        assert store.publish(1, DAY)
        assert store.publish(1, DAY)

    def test_writing_again_replaces_the_rows_of_that_run(self, store):
        store.write(1, DAY, [row(DAY), row(DAY, "max")])
        store.write(1, DAY, [row(DAY, "min")])
        store.publish(1, DAY)
        assert [r.statistic for r in store.read("iris")] == ["min"]

    def test_days_are_published_one_by_one(self, store):
        store.write(1, DAY, [row(DAY)])
        store.write(1, NEXT, [row(NEXT)])
        store.publish(1, NEXT)
        assert [d.partition for d in store.days("iris")] == [NEXT]
        assert [r.prediction_date for r in store.read("iris")] == [NEXT.date]

    def test_reading_filters_by_everything_asked_for(self, store):
        for partition in (DAY, NEXT):
            rows = [row(partition, s, feature=f) for s in ("mean", "max") for f in ("age", "bmi")]
            store.write(1, partition, rows)
            store.publish(1, partition)
        found = store.read(
            "iris",
            versions=[1],
            features=["bmi"],
            statistics=["max"],
            since=NEXT.date,
            until=NEXT.date,
        )
        assert found == [row(NEXT, "max", feature="bmi")]
        assert store.read("iris", versions=[2]) == []
        assert store.read("roses") == []

    def test_purging_keeps_what_is_shown(self, store):
        store.write(1, DAY, [row(DAY)])
        store.publish(1, DAY)
        store.write(2, DAY, [row(DAY), row(DAY, "max")])
        store.write(3, NEXT, [row(NEXT)])
        assert store.purge(before_run=3) == 2
        assert store.read("iris") == [row(DAY)]
        store.publish(3, NEXT)
        assert len(store.read("iris")) == 2
