"""Due retrainings: what a policy's cron starts by itself, and what its rules propose to people."""

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from scienceops.core.names import PREDICTION, QUALITY
from scienceops.core.policy import Policy, kept_policy
from scienceops.core.retraining import MOVING, Retraining, RetrainingState
from scienceops.core.stats.terms import DRIFT, LEAST_ROWS
from scienceops.core.versions import Service
from scienceops.errors import BadInput, Conflict, RevisionConflict, WrongState
from scienceops.ports import Ports
from scienceops.usecases.records import (
    SYSTEM,
    Clock,
    Stored,
    number_key,
    read_service,
    save,
    service_names,
    stamp,
)
from scienceops.usecases.request_retraining import read_retrainings, request_retraining

log = logging.getLogger(__name__)


def start_due_retrainings(ports: Ports, clock: Clock, names: Iterable[str] | None = None) -> None:
    """Start and propose what is due; taking it twice does nothing the second time.

    names: the services to look at, None for all.
    """
    for name in service_names(ports.registry) if names is None else names:
        service = read_service(ports.registry, name).value
        policy = kept_policy(service.policy)
        if service.live is None or not _has_rules(policy):
            continue
        known = [stored.value for stored in read_retrainings(name, ports)]
        waiting = (RetrainingState.PROPOSED, *MOVING)
        if any(retraining.state in waiting for retraining in known):
            continue
        # A clock that turns at the same time decides by the same, and one of the two is first.
        newest = max((retraining.number for retraining in known), default=0)
        if _cron_is_due(policy, service, known, clock()):
            why = f"policy retrain_cron = {policy.retrain_cron}"
            _begin(name, policy, why, newest, ports, clock)
        elif why := _reason(name, service.live, policy, known, ports, clock):
            _begin(name, policy, why, newest, ports, clock, propose=True)


def _has_rules(policy: Policy) -> bool:
    return bool(
        policy.retrain_cron or policy.retrain_drift_days or policy.retrain_quality_below is not None
    )


def _cron_is_due(
    policy: Policy, service: Service, known: Sequence[Retraining], now: datetime
) -> bool:
    if not policy.retrain_cron:
        return False
    from croniter import CroniterBadDateError, croniter

    try:
        last: datetime = croniter(policy.retrain_cron, now).get_prev(datetime)
    except CroniterBadDateError:
        # No year has such a day; earlier releases took the line.
        return False
    # A cron line speaks from when it was written, not of the times before.
    since = max([service.policy_at, *(retraining.requested_at for retraining in known)])
    return bool(since) and datetime.fromisoformat(since) < last


def _reason(
    name: str,
    live: int,
    policy: Policy,
    known: Sequence[Retraining],
    ports: Ports,
    clock: Clock,
) -> str:
    """Why retraining should be proposed; empty when no rule says so, or one did for these days."""
    today = clock().astimezone(UTC).date()
    # Days that a retraining has looked at already say nothing new.
    seen = max((date.fromisoformat(r.selection["until"]) for r in known), default=date.min)
    if policy.retrain_drift_days:
        first = today - timedelta(days=policy.retrain_drift_window - 1)
        rows = ports.statistics.read(name, versions=[live], statistics=["verdict"], since=first)
        drifting = sorted(
            {r.prediction_date for r in rows if r.value == DRIFT and r.feature_name != PREDICTION}
        )
        if len(drifting) >= policy.retrain_drift_days and drifting[-1] > seen:
            return (
                f"inputs drifted on {len(drifting)} of the last "
                f"{policy.retrain_drift_window} days, last on {drifting[-1]}"
            )
    if policy.retrain_quality_below is not None:
        rows = ports.statistics.read(
            name, versions=[live], features=[QUALITY], statistics=["accuracy", "r2"]
        )
        for found in [row for row in rows if row.n >= LEAST_ROWS][-1:]:
            if found.value is None or found.prediction_date <= seen:
                continue
            if found.value < policy.retrain_quality_below:
                return (
                    f"{found.statistic} was {found.value:.4g} on {found.prediction_date}, "
                    f"below {policy.retrain_quality_below:g}"
                )
    return ""


def _begin(
    name: str,
    policy: Policy,
    why: str,
    newest: int,
    ports: Ports,
    clock: Clock,
    *,
    propose: bool = False,
) -> None:
    today = clock().astimezone(UTC).date()
    first = today - timedelta(days=policy.retrain_days - 1)
    selection = {"since": first.isoformat(), "until": today.isoformat()}
    try:
        request_retraining(
            name, selection, SYSTEM, ports, clock, why=why, propose=propose, after=newest
        )
    except (BadInput, WrongState) as error:
        _record_failure(name, newest + 1, selection, why, str(error), ports, clock)
    except Conflict as error:
        log.info("retraining not begun", extra={"service": name, "reason": str(error)})


def _record_failure(
    name: str,
    number: int,
    selection: dict[str, str],
    why: str,
    reason: str,
    ports: Ports,
    clock: Clock,
) -> None:
    # Kept as a retraining that failed, so that it is seen, and not tried again at every tick.
    live = read_service(ports.registry, name).value.live
    now = clock()
    failed = Retraining(
        number=number,
        service=name,
        state=RetrainingState.FAILED,
        base=live or 0,
        selection=selection,
        requested_by=SYSTEM,
        requested_at=stamp(now),
        why=why,
        reason=reason,
    )
    try:
        save(
            ports.registry,
            Stored(failed, name, number_key("retraining", number)),
            failed,
            at=now,
            action="retraining failed",
            why=reason,
            details={"retraining": number},
        )
    except RevisionConflict:
        log.info("retraining was recorded by another", extra={"service": name})
