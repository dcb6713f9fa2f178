"""Advance a version: from each state take the one step that leads on, and say when to look again.

Every step reads the registry first and writes by compare-and-set last, so it may be taken twice,
by two workers, or again after its worker was killed.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from scienceops.core.names import package_key
from scienceops.core.policy import kept_policy
from scienceops.core.versions import MADE_LIVE, RESTING, Promotion, Service, Version, VersionState
from scienceops.errors import BadPackage, RevisionConflict, ScorerHidden, ServiceNotReady
from scienceops.ports import Ports
from scienceops.ports.image_builder import BuildOrder, BuildState
from scienceops.ports.service_runtime import Observed
from scienceops.usecases.carry_out_promotion import carry_out, end_promotion, made_live, told_of
from scienceops.usecases.promote import settle_deployments
from scienceops.usecases.prove_version import prove_version
from scienceops.usecases.reconcile_deployment import (
    ask_to_run,
    ask_to_stop,
    reconcile_deployment,
)
from scienceops.usecases.records import (
    SYSTEM,
    Clock,
    Stored,
    read_deployment,
    read_service,
    read_version,
    save,
    stamp,
    update,
)
from scienceops.usecases.register_upload import recover_files

log = logging.getLogger(__name__)

AT_ONCE = 0.0
BUILD_LOOK_SECONDS = 0.2
START_LOOK_SECONDS = 0.1


class Steps:
    """The steps of one version, one method per state; each returns seconds until the next look."""

    def __init__(
        self, ports: Ports, clock: Clock, *, limit_bytes: int, proof_seconds: float, drain: float
    ) -> None:
        self.ports = ports
        self.clock = clock
        self.limit_bytes = limit_bytes
        self.proof_seconds = proof_seconds
        self.drain_seconds = drain

    def advance(self, service: str, number: int) -> float | None:
        """Take the version's next step; None when it rests."""
        stored = read_version(self.ports.registry, service, number)
        step: dict[VersionState, Callable[[Stored[Version]], float | None]] = {
            VersionState.UPLOADED: self._build,
            VersionState.BUILDING: self._follow_build,
            VersionState.BUILT: self._prove,
            VersionState.PROVED: self._promote,
        }
        take = step.get(stored.value.state)
        if take is None:
            end_promotion(stored.value, self.ports, self.clock, self.drain_seconds)
            return None
        try:
            return take(stored)
        except RevisionConflict:
            # Another worker moved it on; look at where it stands now.
            return AT_ONCE

    def fail(self, seen: Version, reason: str, log_tail: tuple[str, ...] = ()) -> None:
        """End the attempt that was seen as failed, with the reason, unless it has come to rest.

        What another worker has proved, or a person has reopened, in the meantime goes on.
        """
        failed: list[Version] = []

        def change(version: Version) -> Version | None:
            failed.clear()
            if version.state in RESTING or version.attempt != seen.attempt:
                return None
            failed.append(version.moved(VersionState.FAILED, reason=reason, log_tail=log_tail))
            return failed[0]

        service, number = seen.service, seen.number
        update(
            self.ports.registry,
            lambda: read_version(self.ports.registry, service, number),
            change,
            at=self.clock(),
            action="version failed",
            why=reason,
            details={"version": number},
        )
        if not failed:
            return
        # Where this worker dies before it, the clock stops what has failed.
        ask_to_stop(service, number, self.ports, self.clock, after_seconds=0)
        log.warning(
            "version failed", extra={"service": service, "version": number, "reason": reason}
        )

    def _build(self, stored: Stored[Version]) -> float | None:
        version = stored.value
        try:
            recover_files(version, self.ports, self.limit_bytes)
        except BadPackage as error:
            self.fail(version, str(error))
            return None
        build_id = self.ports.builder.start(
            BuildOrder(
                key=f"{version.service}-{version.number}-{version.digest[:12]}-{version.attempt}",
                service=version.service,
                version=version.number,
                package_key=package_key(version.service, version.number),
                package_digest=version.digest,
                requirements=version.serving_requirements,
                python=str(version.manifest["python"]),
                training=version.training_requirements,
            )
        )
        self._move(stored, VersionState.BUILDING, "build started", build_id=build_id)
        return AT_ONCE

    def _follow_build(self, stored: Stored[Version]) -> float | None:
        version = stored.value
        status = self.ports.builder.status(version.build_id)
        if status.state is BuildState.RUNNING:
            return BUILD_LOOK_SECONDS
        if status.state is BuildState.FAILED:
            self.fail(version, status.reason, status.log_tail)
            return None
        self._move(
            stored,
            VersionState.BUILT,
            "version built",
            image=status.image,
            training_image=status.training_image,
            proving_since=stamp(self.clock()),
        )
        return AT_ONCE

    def _prove(self, stored: Stored[Version]) -> float | None:
        version = stored.value
        name, number = version.service, version.number
        ask_to_run(name, number, self.ports, self.clock)
        reconcile_deployment(name, number, self.ports, self.clock)
        status = self.ports.runtime.status(name, number)
        if status.observed is Observed.FAILED:
            self.fail(version, status.reason, status.log_tail)
            return None
        if status.observed is not Observed.READY:
            return self._wait(version, status.log_tail)
        if read_deployment(self.ports.registry, name, number).value.endpoint != status.endpoint:
            # The gateway goes by the record, so it must say where before the version is live.
            return AT_ONCE
        try:
            fault = prove_version(version, status.endpoint, self.ports)
        except ScorerHidden as error:
            return self._wait(version, status.log_tail, f": {error}")
        except ServiceNotReady as error:
            fault = f"the service did not answer its own sample: {error}"
            now = self.ports.runtime.status(name, number)
            if now.observed in (Observed.FAILED, Observed.STOPPED):
                # It ended, or was stopped, while it was asked: the next look tells why, or asks it
                # again. One that is started again by itself would end at each asking.
                return self._wait(version, now.log_tail, f": {fault}")
            if now.observed is Observed.STARTING:
                fault = f"{fault}; by now: {now.reason}"
        if fault:
            log_tail = self.ports.runtime.status(name, number).log_tail
            self.fail(version, fault, log_tail)
            return None
        self._move(stored, VersionState.PROVED, "version proved")
        return AT_ONCE

    def _wait(self, version: Version, log_tail: tuple[str, ...], why: str = "") -> float | None:
        waited = self.clock() - datetime.fromisoformat(version.proving_since)
        if waited.total_seconds() <= self.proof_seconds:
            return START_LOOK_SECONDS
        reason = (
            f"the service was not ready after {self.proof_seconds:g} s{why}; look at its log, "
            "or allow more with SCIENCEOPS_PROOF_SECONDS, then `scienceops retry`"
        )
        self.fail(version, reason, log_tail)
        return None

    def _promote(self, stored: Stored[Version]) -> float | None:
        version = stored.value
        name, number = version.service, version.number
        promotion = read_service(self.ports.registry, name).value.promotion
        if promotion is not None and promotion.version == number:
            return carry_out(
                version,
                promotion,
                self.ports,
                self.clock,
                proof_seconds=self.proof_seconds,
                drain_seconds=self.drain_seconds,
            )
        return self._promote_by_policy(version)

    def _promote_by_policy(self, version: Version) -> float | None:
        name, number = version.service, version.number
        deployment = read_deployment(self.ports.registry, name, number).value
        # One that has waited for its turn may have stopped, and is started as for a person.
        runs = (deployment.desired, deployment.observed) == ("running", Observed.READY.value)
        now = self.clock()
        why = "policy promotion = auto"
        asked = Promotion(version=number, kind="policy", by=SYSTEM, comment=why, at=stamp(now))
        before: set[int] = set()

        def change(service: Service) -> Service | None:
            before.clear()
            current = read_version(self.ports.registry, name, number).value
            if service.promotion is not None or not awaits_promotion(current, service):
                return None
            before.update(service.serving)
            if runs:
                return made_live(service, number)
            return service.model_copy(update={"promotion": asked, "auto_promoted": number})

        after = update(
            self.ports.registry,
            lambda: read_service(self.ports.registry, name),
            change,
            at=now,
            action=MADE_LIVE if runs else "version approved",
            why=why,
            details=told_of(version),
        )
        if after.value.promotion == asked:
            return AT_ONCE
        if before:
            settle_deployments(name, before, self.ports, self.clock, self.drain_seconds)
        if awaits_promotion(version, after.value):
            # What was asked for before goes first; the clock comes back to this one.
            return None
        if number not in after.value.serving and not version.training_set:
            # A candidate goes on running: it is still to be compared, and to be decided on.
            ask_to_stop(name, number, self.ports, self.clock, after_seconds=self.drain_seconds)
        return None

    def _move(
        self, stored: Stored[Version], state: VersionState, action: str, **changes: object
    ) -> None:
        version = stored.value.moved(state, **changes)
        save(
            self.ports.registry,
            stored,
            version,
            at=self.clock(),
            action=action,
            details={"version": version.number, **changes},
        )
        log.info(action, extra={"service": version.service, "version": version.number})


def awaits_promotion(version: Version, service: Service) -> bool:
    """Whether a person, or policy for the first time, wants this version live.

    Policy wants those alone that are newer than any that was live: it takes nobody's rollback back.
    A promotion of a version that is not proved any more waits to be ended.
    """
    if service.promotion is not None and service.promotion.version == version.number:
        return True
    return (
        version.state is VersionState.PROVED
        and version.number > service.auto_promoted
        and not version.training_set
        and kept_policy(service.policy).promotion == "auto"
    )
