"""A service with one proved version on the local adapters, and what its retraining is made of."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scienceops.adapters.local import connect
from scienceops.adapters.local.message_queue import SqliteMessageQueue
from scienceops.config import Settings
from scienceops.core.messages import WORK
from scienceops.core.retraining import Retraining
from scienceops.core.versions import Service, Version
from scienceops.ports import Ports
from scienceops.ports.image_builder import BuildOrder, BuildState, BuildStatus
from scienceops.ports.job_launcher import JobOrder, JobState, JobStatus
from scienceops.ports.service_runtime import DeployOrder, Observed, ServiceStatus
from scienceops.usecases.advance_retraining import advance_retraining
from scienceops.usecases.advance_version import Steps
from scienceops.usecases.do_work import do_work
from scienceops.usecases.records import Stored, find, number_key, read_service, save, stamp
from scienceops.usecases.request_retraining import read_retraining
from scienceops.usecases.tick import tick

NAME = "iris"
LIMIT_BYTES = 10_000_000


class StandInRuntime:
    """A stand-in for a runtime: everything is READY unless `found` says otherwise."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, int], Observed] = {}
        self.started: list[tuple[str, int]] = []
        self.stopped: list[tuple[str, int]] = []

    def start(self, order: DeployOrder) -> None:
        self.started.append((order.service, order.version))
        self.found[order.service, order.version] = Observed.READY

    def stop(self, service: str, version: int) -> None:
        self.stopped.append((service, version))

    def status(self, service: str, version: int) -> ServiceStatus:
        observed = self.found.get((service, version), Observed.READY)
        return ServiceStatus(service, version, observed, "e")

    def deployments(self) -> list[ServiceStatus]:
        return [ServiceStatus(*which, observed, "e") for which, observed in self.found.items()]


class StandInJobs:
    """A stand-in for a job launcher: what is started runs until it is cancelled."""

    def __init__(self) -> None:
        self.running: set[str] = set()

    def start(self, order: JobOrder) -> str:
        self.running.add(order.key)
        return order.key

    def status(self, job_id: str) -> JobStatus:
        return JobStatus(JobState.RUNNING if job_id in self.running else JobState.CANCELLED)

    def cancel(self, job_id: str) -> None:
        self.running.discard(job_id)

    def log(self, job_id: str) -> str:
        return ""


class EndlessBuilder:
    """A stand-in for a builder that is never done."""

    def start(self, order: BuildOrder) -> str:
        return order.key

    def status(self, build_id: str) -> BuildStatus:
        return BuildStatus(BuildState.RUNNING)


@dataclass
class Scene:
    """What a test arranges, with a clock to turn."""

    home: Path
    now: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC)
    runtime: StandInRuntime = field(default_factory=StandInRuntime)
    jobs: StandInJobs = field(default_factory=StandInJobs)

    def __post_init__(self) -> None:
        made = connect(Settings(home=self.home))
        stood_in: dict[str, Any] = {
            "queue": SqliteMessageQueue(self.home / "platform.db", lambda: self.now.timestamp()),
            "runtime": self.runtime,
            "jobs": self.jobs,
            "builder": EndlessBuilder(),
        }
        self.ports: Ports = replace(made, **stood_in)
        self.service(live=1, policy={"promotion": "manual"})
        self.version(1)

    def clock(self) -> datetime:
        return self.now

    def turn(self, **more: float) -> None:
        self.now += timedelta(**more)

    def service(self, name: str = NAME, **changes: Any) -> None:
        stored = find(self.ports.registry, name, "service", Service)
        service = (stored.value if stored else Service(name=name)).model_copy(update=changes)
        save(self.ports.registry, stored or Stored(service, name, "service"), service, at=self.now)

    def version(self, number: int, service: str = NAME, **changes: Any) -> Version:
        values: dict[str, Any] = {
            "service": service,
            "number": number,
            "digest": f"digest-{number}",
            "state": "proved",
            "uploaded_at": stamp(self.now),
            "uploaded_key": f"packages/{service}/{number}.zip",
            "manifest": {},
            **changes,
        }
        return self._put(Version(**values), service, number_key("version", number))

    def retraining(self, number: int = 1, **changes: Any) -> Retraining:
        values: dict[str, Any] = {
            "number": number,
            "service": NAME,
            "state": "uploaded",
            "base": 1,
            "selection": {"since": "2026-11-16", "until": "2026-11-22"},
            "requested_by": "ann",
            "requested_at": stamp(self.now),
            **changes,
        }
        return self._put(Retraining(**values), NAME, number_key("retraining", number))

    def advance(self, number: int = 1) -> float | None:
        """One step of a retraining."""
        return advance_retraining(NAME, number, self.ports, self.clock, limit_bytes=LIMIT_BYTES)

    def found(self, number: int = 1) -> Retraining:
        return read_retraining(NAME, number, self.ports).value

    def live(self) -> Service:
        return read_service(self.ports.registry, NAME).value

    def actions(self) -> list[str]:
        return [entry.action for entry in self.ports.registry.ledger(NAME)]

    def work(self) -> int:
        """Do what queue `work` can deliver now; how many messages that was."""
        steps = Steps(self.ports, self.clock, limit_bytes=LIMIT_BYTES, proof_seconds=600, drain=1)
        deliveries = self.ports.queue.receive(WORK, most=100)
        for delivery in deliveries:
            do_work(delivery, self.ports, self.clock, steps)
        return len(deliveries)

    def tick(self) -> None:
        """One turn of the clock."""
        tick(
            self.ports,
            self.clock,
            statistics_seconds=60,
            drain_seconds=1,
            engine="inline",
            environment="test",
            record_days=90,
        )

    def _put(self, value: Any, partition: str, key: str) -> Any:
        stored = find(self.ports.registry, partition, key, type(value))
        save(self.ports.registry, stored or Stored(value, partition, key), value, at=self.now)
        return value
