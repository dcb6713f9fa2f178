"""A segment that comes late leaves no day stale, whatever the days between have."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from club import fill, segment, values

from scienceops.adapters.local import connect
from scienceops.config import Settings
from scienceops.core.messages import CAPTURES, CaptureChanged
from scienceops.core.names import Partition, run_id, run_manifest_key
from scienceops.core.stats.catalogue import Feature, rate_of_change
from scienceops.core.stats.partials import summarise_numbers
from scienceops.core.stats.terms import WINDOW_DAYS
from scienceops.core.stats.verdicts import Comparison
from scienceops.ports import Ports
from scienceops.ports.statistics_store import StatisticsStore
from scienceops.usecases.freeze_run import freeze_run
from stats_job.inline import summarise_inline
from stats_job.run import execute, read_run

MONDAY = date(2026, 10, 5)
WEEKDAYS = [MONDAY + timedelta(days=n) for n in range(21) if n % 7 < 5]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def ports(tmp_path) -> Ports:
    return connect(Settings(home=tmp_path))


class Asked:
    """A store of statistics that notes from when to when it was read."""

    def __init__(self, store: StatisticsStore) -> None:
        self._store = store
        self.spans: list[tuple[date, date]] = []

    def __getattr__(self, name: str):
        return getattr(self._store, name)

    def read(self, service: str, **how):
        self.spans.append((how["since"], how["until"]))
        return self._store.read(service, **how)


def put_segment(ports: Ports, day: date, number: int, shift: float) -> None:
    place = Partition("club", 1, day)
    random = np.random.default_rng(day.toordinal() + number)
    content = segment(random, place, number * 1000, 50, shift)
    ports.objects.put(place.segment_key("a", number), content)
    message = CaptureChanged(service="club", version=1, date=day.isoformat())
    ports.queue.send(CAPTURES, message.to_body())


def compute(ports: Ports, service: str = "") -> int:
    """Run what was announced, or every day of the service; how many days that were."""
    frozen = freeze_run(
        ports,
        lambda: NOW,
        engine="inline",
        environment="test",
        requested_by="ann",
        service=service,
    )
    assert frozen is not None
    run = read_run(run_manifest_key(run_id(frozen.number)), ports.objects)
    objects = ports.objects
    execute(run, "inline", lambda o: summarise_inline(o, objects), objects, ports.statistics)
    return len(run.orders)


def rates(ports: Ports) -> dict[date, float]:
    return {
        day: value
        for (day, feature, statistic), (value, _) in values(ports).items()
        if (feature, statistic) == ("age", "rate_of_change")
    }


def test_days_after_a_late_segment_are_as_if_all_days_were_computed_anew(ports: Ports):
    fill(ports)
    for place, day in enumerate(WEEKDAYS):
        put_segment(ports, day, 0, shift=place % 4)
    compute(ports)
    before = rates(ports)
    put_segment(ports, WEEKDAYS[2], 1, shift=30)
    assert compute(ports) < len(WEEKDAYS)
    found = rates(ports)
    assert found != before
    compute(ports, "club")
    assert {day: found[day] for day in WEEKDAYS if day in found} == pytest.approx(
        {day: value for day, value in rates(ports).items() if day in WEEKDAYS}
    )


def test_a_run_reads_no_more_of_earlier_days_than_its_averages_need(ports: Ports):
    fill(ports)
    for day in WEEKDAYS[:3]:
        put_segment(ports, day, 0, shift=0)
    compute(ports)
    late = WEEKDAYS[-1]
    put_segment(ports, late, 0, shift=0)
    store = Asked(ports.statistics)
    compute(replace(ports, statistics=store))
    assert store.spans == [(late - timedelta(days=WINDOW_DAYS), late)]


def change(means: list[float | None]) -> float | None:
    part = summarise_numbers(np.zeros(0), np.zeros(0, dtype=np.uint64))
    return rate_of_change(Feature("age", part, None, Comparison(), means))


@pytest.mark.parametrize(
    ("means", "wanted"),
    [
        ([], None),
        ([None, 4.0], None),
        ([4.0, None], None),
        ([2.0, 4.0], 0.5),
        ([2.0, None, None, 4.0], 0.5),
        ([8.0, *[None] * (WINDOW_DAYS - 1), 4.0], -0.5),
        ([99.0, 8.0, *[None] * (WINDOW_DAYS - 1), 4.0], -0.5),
        ([8.0, *[None] * WINDOW_DAYS, 4.0], None),
    ],
)
def test_the_rate_of_change_is_that_of_calendar_days(means, wanted):
    assert change(means) == wanted
