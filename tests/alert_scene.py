"""A service with an alert policy on the local adapters, a clock to turn, and a receiver."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from scienceops.adapters.local import connect
from scienceops.adapters.local.message_queue import SqliteMessageQueue
from scienceops.config import load_settings
from scienceops.core.names import Partition, model_id
from scienceops.core.stats.terms import LEAST_ROWS
from scienceops.core.versions import Service, StatisticsRun, Version
from scienceops.ports import Ports
from scienceops.ports.statistics_store import StatisticRow
from scienceops.usecases.change_policy import change_policy
from scienceops.usecases.records import STATISTICS, Stored, find, number_key, save
from scienceops.usecases.send_alert import send_alert
from scienceops.usecases.watch_alerts import read_deliveries, watch_alerts

NAME = "iris"
URL = "http://127.0.0.1:9/alerts"
TODAY = date(2026, 11, 23)


@dataclass
class Scene:
    """What a test arranges, and what the receiver got."""

    home: Path
    now: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC)
    got: list[dict[str, Any]] = field(default_factory=list)
    #: What the receiver says next; empty: it takes the event.
    refusal: str = ""
    run_number: int = 0

    def __post_init__(self) -> None:
        made = connect(load_settings({"SCIENCEOPS_HOME": str(self.home)}))
        queue = SqliteMessageQueue(self.home / "platform.db", lambda: self.now.timestamp())
        self.ports = Ports(**{**vars(made), "queue": queue})
        service = Service(name=NAME, live=1)
        save(self.ports.registry, Stored(service, NAME, "service"), service, at=self.now)
        self.policy(alert_url=URL)

    def clock(self) -> datetime:
        return self.now

    def turn(self, **more: float) -> None:
        self.now += timedelta(**more)

    def policy(self, **keys: str) -> None:
        for key, value in keys.items():
            change_policy(NAME, {key: value}, "ann", self.ports, self.clock)

    def version(self, number: int = 1, state: str = "proved", **more: Any) -> None:
        key = number_key("version", number)
        stored = find(self.ports.registry, NAME, key, Version)
        version = Version(
            service=NAME,
            number=number,
            digest="d",
            state=state,
            uploaded_at="2026-11-01T00:00:00.000Z",
            uploaded_key="packages/iris/a.zip",
            manifest={"task": "regression", "metrics": {}},
            **more,
        )
        save(self.ports.registry, stored or Stored(version, NAME, key), version, at=self.now)

    def run(self, number: int, state: str, attempt: int = 3, service: str = NAME) -> None:
        key = number_key("run", number)
        stored = find(self.ports.registry, STATISTICS, key, StatisticsRun)
        run = StatisticsRun(
            number=number,
            state=state,
            engine="inline",
            requested_at="2026-11-23T09:00:00.000Z",
            requested_by="ann",
            attempt=attempt,
            reason="no Java",
        )
        save(self.ports.registry, stored or Stored(run, STATISTICS, key), run, at=self.now)
        manifest = b'{"partitions": [{"service": "%s"}]}' % service.encode()
        self.ports.objects.put(f"statistics/runs/run-{number:09d}.json", manifest)

    def day(self, verdicts: dict[str, float], day: date = TODAY, version: int = 1) -> None:
        rows = [(feature, "verdict", value) for feature, value in verdicts.items()]
        self.publish(rows, day, version)

    def quality(
        self, statistic: str, value: float, day: date = TODAY, labels: int = LEAST_ROWS
    ) -> None:
        self.publish([("(quality)", statistic, value)], day, 1, labels)

    def publish(
        self, rows: list[tuple[str, str, float]], day: date, version: int, n: int = 9
    ) -> None:
        self.run_number += 1
        partition = Partition(NAME, version, day)
        made = [
            StatisticRow("local", NAME, model_id(NAME, version), day, feature, statistic, value, n)
            for feature, statistic, value in rows
        ]
        self.ports.statistics.write(self.run_number, partition, made)
        self.ports.statistics.publish(self.run_number, partition)

    def watch(self) -> None:
        watch_alerts(self.ports, self.clock, "test", "https://ops.example")

    def drain(self) -> int:
        """Handle what is due on queue `alerts`; how many messages there were."""
        count = 0
        while deliveries := self.ports.queue.receive("alerts", most=1):
            for delivery in deliveries:
                send_alert(delivery, self.ports, self.clock, self._post)
                count += 1
        return count

    def told(self) -> list[str]:
        """Watch and drain; the types that the receiver got since it was last asked."""
        self.watch()
        self.drain()
        types = [event["type"].removeprefix("dev.scienceops.alert.") for event in self.got]
        self.seen = list(self.got)
        self.got.clear()
        return types

    def deliveries(self) -> list[Any]:
        return [stored.value for stored in read_deliveries(NAME, self.ports)]

    def ledger(self) -> list[str]:
        entries = self.ports.registry.ledger(NAME)
        return [e.action for e in entries if e.action.startswith("alert")]

    def _post(self, url: str, event: dict[str, Any]) -> str:
        if not self.refusal:
            self.got.append({**event, "url": url})
        return self.refusal
