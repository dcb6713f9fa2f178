"""Carry a promotion out: start its version, and point the service to it once it is ready.

Each look reads the registry first and writes by compare-and-set last; a promotion always ends, by
its version being live or by an entry that says why it is not.
"""

from datetime import datetime
from typing import Any

from scienceops.core.versions import MADE_LIVE, Promotion, Service, Version, VersionState
from scienceops.ports import Ports
from scienceops.ports.service_runtime import Observed
from scienceops.usecases.promote import settle_deployments
from scienceops.usecases.reconcile_deployment import ask_to_run, reconcile_deployment
from scienceops.usecases.records import Clock, read_deployment, read_service, read_version, update

AT_ONCE = 0.0
LOOK_SECONDS = 0.1


def carry_out(
    version: Version,
    promotion: Promotion,
    ports: Ports,
    clock: Clock,
    *,
    proof_seconds: float,
    drain_seconds: float,
) -> float | None:
    """Take the next step of a promotion of a proved version; seconds until the next look."""
    name, number = version.service, version.number
    ask_to_run(name, number, ports, clock)
    reconcile_deployment(name, number, ports, clock)
    status = ports.runtime.status(name, number)
    waited = clock() - datetime.fromisoformat(promotion.at)
    late = waited.total_seconds() > proof_seconds
    fault = status.reason if status.observed is Observed.FAILED else ""
    known = read_deployment(ports.registry, name, number).value.endpoint
    ready = status.observed is Observed.READY and known == status.endpoint
    if not ready and not fault and not late:
        return LOOK_SECONDS
    if ready:
        return _make_live(version, promotion, ports, clock, drain_seconds)
    said = f"; the last it said: {status.log_tail[-1]}" if status.log_tail else ""
    why = fault or f"it was not ready after {proof_seconds:g} s{said}"
    _end(version, promotion, why, ports, clock, drain_seconds)
    return None


def end_promotion(version: Version, ports: Ports, clock: Clock, drain_seconds: float) -> None:
    """End the promotion, if there is one, of a version that can answer no calls any more.

    An approval and a rejection that come in the same moment leave one.
    """
    promotion = read_service(ports.registry, version.service).value.promotion
    if promotion is not None and promotion.version == version.number:
        why = f"it is {version.state}: {version.reason}".rstrip(": ")
        _end(version, promotion, why, ports, clock, drain_seconds)


def made_live(service: Service, number: int) -> Service:
    """The service with this version live, and all traffic its own."""
    previous = service.live if service.live != number else service.previous
    changes: dict[str, Any] = {
        "live": number,
        "previous": previous,
        "traffic": {},
        "promotion": None,
        "auto_promoted": max(service.auto_promoted, number),
    }
    if service.shadow == number:
        changes["shadow"] = None
    return service.model_copy(update=changes)


def told_of(version: Version) -> dict[str, Any]:
    """What the ledger tells of a version that is made live, or is not."""
    return {
        "version": version.number,
        "image": version.image,
        "digest": version.digest,
        "training_set": version.training_set,
        "retraining": version.manifest.get("origin", {}).get("retraining", ""),
    }


def _make_live(
    version: Version, promotion: Promotion, ports: Ports, clock: Clock, drain_seconds: float
) -> float | None:
    name, number = version.service, version.number
    before: set[int] = set()

    def change(service: Service) -> Service | None:
        before.clear()
        if service.promotion != promotion:
            return None
        # Whoever rejected it after the last look is not overruled; the next look ends it.
        if read_version(ports.registry, name, number).value.state is not VersionState.PROVED:
            return None
        before.update(service.serving)
        return made_live(service, number)

    after = update(
        ports.registry,
        lambda: read_service(ports.registry, name),
        change,
        at=clock(),
        actor=promotion.by,
        action=MADE_LIVE,
        why=promotion.comment,
        details=_details(version, promotion),
    )
    if before:
        settle_deployments(name, before, ports, clock, drain_seconds)
    return AT_ONCE if after.value.promotion == promotion else None


def _end(
    version: Version,
    promotion: Promotion,
    why: str,
    ports: Ports,
    clock: Clock,
    drain_seconds: float,
) -> None:
    before: set[int] = set()

    def change(service: Service) -> Service | None:
        before.clear()
        if service.promotion != promotion:
            return None
        before.update(service.serving)
        return service.model_copy(update={"promotion": None})

    update(
        ports.registry,
        lambda: read_service(ports.registry, version.service),
        change,
        at=clock(),
        actor=promotion.by,
        action="promotion failed",
        why=why,
        details=_details(version, promotion),
    )
    if before:
        settle_deployments(version.service, before, ports, clock, drain_seconds)


def _details(version: Version, promotion: Promotion) -> dict[str, Any]:
    return {**told_of(version), "kind": promotion.kind, "asked_at": promotion.at}
