"""Decide on a candidate: make it live where policy says so and the comparison found it better."""

import logging

from scienceops.core.policy import kept_policy
from scienceops.core.retraining import Retraining
from scienceops.core.versions import Version, VersionState
from scienceops.errors import Conflict
from scienceops.ports import Ports
from scienceops.usecases.promote import approve_version
from scienceops.usecases.records import (
    SYSTEM,
    Clock,
    Stored,
    read_service,
    read_version,
    save,
)

log = logging.getLogger(__name__)


def decide_candidate(stored: Stored[Retraining], ports: Ports, clock: Clock) -> float | None:
    """Let policy decide, once: what people do with the candidate afterwards holds."""
    retraining = stored.value
    if retraining.to_decide:
        _approve_by_policy(retraining, ports, clock)
        decided = retraining.model_copy(update={"to_decide": False})
        save(ports.registry, stored, decided, at=clock())
    return None


def _approve_by_policy(retraining: Retraining, ports: Ports, clock: Clock) -> None:
    name = retraining.service
    version = read_version(ports.registry, name, retraining.version or 0).value
    service = read_service(ports.registry, name).value
    seen = retraining.comparison["live"]
    if kept_policy(service.policy).candidates != "auto_if_better" or service.live != seen:
        return
    if version.state is not VersionState.PROVED or _was_approved(version, ports):
        return
    try:
        approve_version(
            name,
            version.number,
            SYSTEM,
            f"policy candidates = auto_if_better: {retraining.comparison['why']}",
            ports,
            clock,
            seen_live=seen,
            kind="policy",
        )
    except Conflict as error:
        log.info("candidate not promoted", extra={"reason": str(error)})


def _was_approved(version: Version, ports: Ports) -> bool:
    """Whether it was before, by a worker that died before it wrote so into the retraining."""
    return any(
        entry.action == "version approved"
        and (entry.details or {}).get("version") == version.number
        for entry in ports.registry.ledger(version.service)
    )
