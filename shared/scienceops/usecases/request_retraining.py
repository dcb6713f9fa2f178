"""Request a retraining: freeze what it may read, then let queue `work` carry it out."""

from collections.abc import Mapping
from typing import Any

from scienceops.core.messages import WORK, AdvanceRetraining
from scienceops.core.retraining import (
    MOVING,
    Retraining,
    RetrainingState,
    read_selection,
)
from scienceops.core.versions import Version
from scienceops.errors import Conflict, NotFound, RevisionConflict, WrongState
from scienceops.ports import Ports
from scienceops.usecases.freeze_order import freeze_order
from scienceops.usecases.records import (
    Clock,
    Stored,
    find,
    find_all,
    number_key,
    read_service,
    read_version,
    save,
    stamp,
    update,
)
from scienceops.usecases.retraining_job import end_job

NEEDED = ("train.py", "training_data.parquet")


def read_retrainings(name: str, ports: Ports) -> list[Stored[Retraining]]:
    """Every retraining of a service, oldest first."""
    return find_all(ports.registry, name, "retraining/", Retraining)


def read_retraining(name: str, number: int, ports: Ports) -> Stored[Retraining]:
    """One retraining; raises NotFound."""
    read_service(ports.registry, name)
    found = find(ports.registry, name, number_key("retraining", number), Retraining)
    if found is None:
        raise NotFound(f"service {name!r} has no retraining {number}")
    return found


def request_retraining(
    name: str,
    selection: Mapping[str, Any],
    actor: str,
    ports: Ports,
    clock: Clock,
    *,
    why: str = "",
    propose: bool = False,
    after: int | None = None,
) -> Retraining:
    """A new retraining of the live version, or the proposal of one for a person to start.

    after: the newest retraining, 0 for none, that this was decided by. Raises BadInput for a bad
    selection, WrongState when the live version cannot be retrained, and Conflict while another
    retraining of the service is under way, or when there is a newer one than `after`.
    """
    chosen = read_selection(selection)
    base = _base_of(name, ports)
    state = RetrainingState.PROPOSED if propose else RetrainingState.SELECTING
    while True:
        known = [stored.value for stored in read_retrainings(name, ports)]
        _check_alone(known)
        newest = max((retraining.number for retraining in known), default=0)
        if after is not None and newest != after:
            raise Conflict(
                f"retraining {newest} of {name!r} was asked for or proposed in the meantime; "
                "look at it and decide again"
            )
        number, now = newest + 1, clock()
        retraining = Retraining(
            number=number,
            service=name,
            state=state,
            base=base.number,
            selection=chosen.model_dump(mode="json"),
            requested_by=actor,
            requested_at=stamp(now),
            why=why,
        )
        if not propose:
            key = freeze_order(retraining, chosen, base, ports)
            retraining = retraining.model_copy(update={"order": key})
        try:
            save(
                ports.registry,
                Stored(retraining, name, number_key("retraining", number)),
                retraining,
                at=now,
                actor=actor,
                action="retraining proposed" if propose else "retraining asked for",
                why=why,
                details={"retraining": number, "selection": retraining.selection},
            )
        except RevisionConflict:
            continue
        if not propose:
            _check_first(retraining, RetrainingState.CANCELLED, ports, clock)
            _send(retraining, ports)
        return retraining


def start_proposed(name: str, number: int, actor: str, ports: Ports, clock: Clock) -> Retraining:
    """Carry out a proposal; raises WrongState when it is none any more."""
    stored = read_retraining(name, number, ports)
    _check_alone([s.value for s in read_retrainings(name, ports)])
    base = read_version(ports.registry, name, stored.value.base).value
    _check_proposed(stored.value)
    key = freeze_order(stored.value, read_selection(stored.value.selection), base, ports)

    def change(retraining: Retraining) -> Retraining:
        _check_proposed(retraining)
        return retraining.model_copy(update={"state": RetrainingState.SELECTING, "order": key})

    after = update(
        ports.registry,
        lambda: read_retraining(name, number, ports),
        change,
        at=clock(),
        actor=actor,
        action="retraining asked for",
        why=stored.value.why,
        details={"retraining": number, "selection": dict(stored.value.selection)},
    )
    _check_first(after.value, RetrainingState.PROPOSED, ports, clock)
    _send(after.value, ports)
    return after.value


def end_retraining(
    name: str, number: int, actor: str, comment: str, ports: Ports, clock: Clock
) -> Retraining:
    """Dismiss a proposal, or cancel what is under way; a job that runs is ended."""

    def change(retraining: Retraining) -> Retraining:
        if retraining.state is RetrainingState.PROPOSED:
            return retraining.model_copy(update={"state": RetrainingState.DISMISSED})
        if retraining.state in MOVING:
            update = {"state": RetrainingState.CANCELLED, "reason": f"cancelled by {actor}"}
            return retraining.model_copy(update=update)
        raise WrongState(
            f"retraining {number} of {name!r} is {retraining.state} and cannot be ended"
        )

    after = update(
        ports.registry,
        lambda: read_retraining(name, number, ports),
        change,
        at=clock(),
        actor=actor,
        action="retraining ended",
        why=comment,
        details={"retraining": number},
    )
    end_job(after.value, ports)
    return after.value


def _base_of(name: str, ports: Ports) -> Version:
    live = read_service(ports.registry, name).value.live
    if live is None:
        raise WrongState(f"service {name!r} has no live version to start from")
    version = read_version(ports.registry, name, live).value
    lacking = [file for file in NEEDED if file not in version.manifest["files"]]
    if lacking or not version.manifest.get("target"):
        raise WrongState(
            f"version {live} of {name!r} carries no {lacking[0] if lacking else 'target'}: "
            "pack it with train=, training_data= and target=, then it can be retrained"
        )
    return version


def _check_alone(known: list[Retraining]) -> None:
    busy = next((retraining for retraining in known if retraining.state in MOVING), None)
    if busy is not None:
        raise _busy(busy)


def _check_first(asked: Retraining, otherwise: RetrainingState, ports: Ports, clock: Clock) -> None:
    """Give way, in state `otherwise`, to another one that was asked for at the same time.

    Each looks after it has written, so that one of two sees the other at least; whose entry in the
    ledger comes first goes on. Raises Conflict for the other.
    """
    name, number = asked.service, asked.number
    known = [stored.value for stored in read_retrainings(name, ports)]
    others = [other for other in known if other.state in MOVING and other.number != number]
    if not others:
        return
    entries = [e for e in ports.registry.ledger(name) if e.action == "retraining asked for"]
    order = [int((entry.details or {})["retraining"]) for entry in entries]
    first = next(
        (other for other in others if other.number not in order[order.index(number) :]), None
    )
    if first is None:
        return

    def change(retraining: Retraining) -> Retraining | None:
        if retraining.state not in MOVING:
            return None
        told = f"retraining {first.number} was asked for at the same time"
        reason = told if otherwise is RetrainingState.CANCELLED else ""
        return retraining.model_copy(update={"state": otherwise, "reason": reason})

    update(
        ports.registry,
        lambda: read_retraining(name, number, ports),
        change,
        at=clock(),
        action="retraining gave way",
        details={"retraining": number, "to": first.number},
    )
    raise _busy(first)


def _busy(other: Retraining) -> Conflict:
    name, number = other.service, other.number
    return Conflict(
        f"retraining {number} of {name!r}, asked for by {other.requested_by}, is "
        f"{other.state}; wait for it or `scienceops retrain {name} --cancel {number}`"
    )


def _check_proposed(retraining: Retraining) -> None:
    if retraining.state is not RetrainingState.PROPOSED:
        raise WrongState(
            f"retraining {retraining.number} of {retraining.service!r} is {retraining.state}, "
            "no proposal"
        )


def _send(retraining: Retraining, ports: Ports) -> None:
    message = AdvanceRetraining(service=retraining.service, number=retraining.number)
    ports.queue.send(WORK, message.to_body())
