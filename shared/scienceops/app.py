"""App: every use case as one method, the table of contents of the system."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from scienceops.bodies import Body
from scienceops.config import Settings
from scienceops.core.access import Caller, hash_key
from scienceops.core.messages import ALERTS, WORK, FollowRun
from scienceops.core.names import Partition
from scienceops.core.openapi import openapi
from scienceops.core.schema import Schema
from scienceops.core.versions import Rejection, StatisticsRun, Version
from scienceops.decisions import Decisions
from scienceops.monitors import Monitors
from scienceops.ports import Ports
from scienceops.ports.message_queue import Delivery
from scienceops.ports.service_runtime import Reply
from scienceops.upkeep import Upkeep
from scienceops.usecases import clear_records, describe, manage_keys, platform_secrets
from scienceops.usecases.advance_version import Steps
from scienceops.usecases.announce_capture import announce_capture
from scienceops.usecases.describe_alerts import describe_alerts
from scienceops.usecases.do_work import do_work
from scienceops.usecases.freeze_run import freeze_run
from scienceops.usecases.push_package import push_package
from scienceops.usecases.records import Clock, utc_now
from scienceops.usecases.register_upload import register_upload
from scienceops.usecases.retry_version import retry_version
from scienceops.usecases.score_rows import Gateway, check_may_score
from scienceops.usecases.send_alert import send_alert
from scienceops.usecases.take_labels import take_labels
from scienceops.usecases.tick import tick
from scienceops.usecases.trace import trace
from scienceops.usecases.watch_alerts import watch_alerts


class App:
    """The system on one platform: plain values in and out, every error a ScienceOpsError."""

    def __init__(self, ports: Ports, settings: Settings, clock: Clock = utc_now) -> None:
        self.ports = ports
        self.settings = settings
        self.clock = clock
        self.decisions = Decisions(ports, settings, clock)
        self.upkeep = Upkeep(ports, clock)
        self.monitors = Monitors(ports)
        self._gateway = Gateway(ports, settings.reply_seconds)

    # What the doors call.

    def register_upload(self, key: str) -> Version | Rejection | None:
        """An object was created under packages/: make it a version or record why not."""
        settings = self.settings
        return register_upload(
            key, self.ports, self.clock, settings.upload_limit_bytes, settings.check_runtime
        )

    def announce_capture(self, key: str) -> Partition:
        """An object was created under captures/ or labels/: its day wants new statistics."""
        return announce_capture(key, self.ports.queue)

    def receive_work(self, most: int = 10) -> list[Delivery]:
        """Messages of queue `work`, for platforms that do not deliver them by themselves."""
        return self.ports.queue.receive(WORK, most=most, visibility_seconds=120)

    def do_work(self, delivery: Delivery) -> None:
        """A message of queue `work`: take the step it asks for."""
        do_work(delivery, self.ports, self.clock, self._steps)

    def receive_alerts(self) -> list[Delivery]:
        """A message of queue `alerts`, for platforms that do not deliver them by themselves."""
        return self.ports.queue.receive(ALERTS, most=1, visibility_seconds=60)

    def send_alert(self, delivery: Delivery) -> None:
        """A message of queue `alerts`: post the event it names to the service's receiver."""
        from scienceops.webhook import post_event

        send_alert(delivery, self.ports, self.clock, post_event)

    def tick(self, *, at_once: bool = False) -> None:
        """The clock has turned: start what is due, nudge what is stuck; at_once: all of it."""
        try:
            tick(
                self.ports,
                self.clock,
                statistics_seconds=self.settings.statistics_seconds,
                drain_seconds=self.settings.drain_seconds,
                engine=self.settings.statistics_engine,
                environment=self.settings.environment,
                record_days=self.settings.record_days,
                at_once=at_once,
            )
        finally:
            environment, url = self.settings.environment, self.settings.public_url
            watch_alerts(self.ports, self.clock, environment, url)

    def resume(self) -> None:
        """This platform was started (again): take up at once whatever was left unfinished.

        Messages that a killed worker had taken are not waited for.
        """
        _ = self.owner_token
        # What fails now is logged, and due again at the next turn: it must not keep all else down.
        with suppress(ExceptionGroup):
            self.tick(at_once=True)

    # What callers of a service do.

    def score(
        self,
        name: str,
        body: Body,
        caller: Caller,
        *,
        correlation: str = "",
        captured_at: str = "",
        path: str = "/score",
        method: str = "POST",
        passed: Mapping[str, str] | None = None,
    ) -> Reply:
        """Score the rows in `body` with the live version; the reply is the scorer's own."""
        return self._gateway.score(
            name,
            body,
            caller,
            correlation=correlation,
            captured_at=captured_at,
            path=path,
            method=method,
            **({} if passed is None else {"passed": passed}),
        )

    def admit(self, name: str, key_sha256: str) -> Caller:
        """Whose key or token has this hash; raises NotAuthenticated or NotAllowed for those who may
        not score with the service."""
        caller = self.recognise(key_sha256, name)
        check_may_score(name, caller, with_key=key_sha256 != hash_key(""))
        return caller

    def label(self, name: str, items: object, caller: Caller) -> dict[str, Any]:
        """Keep what rows turned out to be; whoever may score may label."""
        check_may_score(name, caller)
        return take_labels(name, items, caller.name, self.ports, self.clock)

    def recognise(self, key_sha256: str, service: str = "") -> Caller:
        """Whose key or token has this hash (remembered for two seconds)."""
        return self._gateway.recognise(key_sha256, service)

    # What people and programs that manage services do; `actor` names them in the ledger.

    def push(self, path: Path) -> dict[str, str]:
        """Upload a package: {"key", "digest", "service"}."""
        return push_package(path, self.ports, self.settings.upload_limit_bytes)

    def upload(self, key: str, digest: str) -> dict[str, Any] | None:
        """What became of an upload: {"version"} or {"rejection"}, None while it waits."""
        return describe.describe_upload(key, digest, self.ports)

    def retry(self, name: str, version: int, actor: str) -> Version:
        """Take a failed version through build, deployment and proof again."""
        return retry_version(name, version, actor, self.ports, self.clock)

    def create_key(self, name: str, slot: manage_keys.Slot | None, actor: str) -> dict[str, str]:
        """A new API key: {"service", "slot", "key", "created_at"}; the key is shown this once."""
        return manage_keys.create_key(name, slot, actor, self.ports, self.clock)

    def revoke_key(self, name: str, slot: manage_keys.Slot, actor: str) -> None:
        """Make the key in this slot worthless."""
        manage_keys.revoke_key(name, slot, actor, self.ports, self.clock)

    def request_statistics(
        self, name: str, actor: str, engine: str | None = None
    ) -> StatisticsRun | None:
        """Recompute every day of the service now; None when it has no captures."""
        run = freeze_run(
            self.ports,
            self.clock,
            engine=engine or self.settings.statistics_engine,
            environment=self.settings.environment,
            requested_by=actor,
            service=name,
        )
        if run is not None:
            self.ports.queue.send(WORK, FollowRun(run=run.number).to_body())
        return run

    @cached_property
    def owner_token(self) -> str:
        """The token of this installation's owner, who can read its secrets anyway."""
        return platform_secrets.owner_token(self.ports.secrets)

    @cached_property
    def session_secret(self) -> str:
        """The key that signs the pages' session cookies."""
        return platform_secrets.session_secret(self.ports.secrets)

    # What pages, replies and the command line show.

    def services(self) -> list[dict[str, Any]]:
        """Every service in brief."""
        return describe.describe_services(self.ports)

    def service(self, name: str) -> dict[str, Any]:
        """One service with its policy, keys and versions."""
        return describe.describe_service(name, self.ports)

    def version(self, name: str, version: int) -> dict[str, Any]:
        """One version with its deployment."""
        return describe.describe_version(name, version, self.ports)

    def rejections(self) -> list[dict[str, Any]]:
        """Uploads that became no version, newest first."""
        return describe.describe_rejections(self.ports)

    def runs(self, most: int = 20) -> list[dict[str, Any]]:
        """The newest statistics runs, newest first."""
        return describe.describe_runs(self.ports, most)

    def run(self, number: int) -> dict[str, Any]:
        """One statistics run."""
        return describe.describe_run(number, self.ports)

    def gone_before(self, kind: Literal["runs", "rejections"]) -> str:
        """The time before which some of these are kept no more; empty while all are there."""
        return clear_records.gone_before(self.ports, kind)

    def history(self, name: str, until: datetime | None = None) -> list[dict[str, Any]]:
        """The newest 1,000 entries of a service's ledger up to a time, oldest first."""
        return describe.describe_history(name, until, self.ports)

    def live_version(self, name: str, at: datetime | None = None) -> dict[str, Any] | None:
        """The ledger entry that made live what was live at that time; None when nothing was."""
        return describe.live_at(name, at, self.ports)

    def trace(self, request_id: str) -> dict[str, Any]:
        """From one prediction back to package, training set, labels and flags."""
        return trace(request_id, self.ports)

    def alerts(self, name: str) -> dict[str, Any]:
        """How each alert rule of a service stands, and what was sent of it."""
        return describe_alerts(name, self.ports)

    def build_log(self, name: str, version: int) -> str:
        """The log of the version's build so far."""
        return describe.read_build_log(name, version, self.ports)

    def schema(self, name: str, version: int | None = None) -> Schema:
        """The service schema of a version, of the live one unless one is named."""
        return Schema.from_json_schema(
            describe.read_document(name, "schema.json", self.ports, version)
        )

    def sample(self, name: str, version: int | None = None) -> dict[str, Any]:
        """The version's sample: rows and the predictions they must get."""
        return describe.read_document(name, "sample.json", self.ports, version)

    def baseline(self, name: str, version: int | None = None) -> dict[str, Any]:
        """Training statistics, feature -> statistic -> value; empty without training data."""
        return describe.read_document(name, "baseline.json", self.ports, version)

    def openapi(self, name: str, caller: Caller) -> dict[str, Any]:
        """The OpenAPI document of the service's live version; who may look at the service, or score
        with it, gets a row of its sample in it, and the ranges and categories of training."""
        live = self.service(name)["live"]
        knows = caller.may("viewer") or caller.may_score(name)
        schema, sample = self.schema(name, live), self.sample(name, live) if knows else None
        return openapi(name, live, schema, sample, self.version(name, live)["task"])

    @cached_property
    def _steps(self) -> Steps:
        return Steps(
            self.ports,
            self.clock,
            limit_bytes=self.settings.upload_limit_bytes,
            proof_seconds=self.settings.proof_seconds,
            drain=self.settings.drain_seconds,
        )
