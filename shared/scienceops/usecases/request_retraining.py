"""Request a retraining: freeze what it may read, then let queue `work` carry it out."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from scienceops.core.messages import WORK, AdvanceRetraining
from scienceops.core.names import training_order_key
from scienceops.core.retraining import (
    MOVING,
    Retraining,
    RetrainingState,
    Selection,
    in_force,
    read_selection,
)
from scienceops.core.versions import Version, VersionState
from scienceops.errors import BadInput, Conflict, NotFound, RevisionConflict, WrongState
from scienceops.ports import Ports
from scienceops.usecases.describe import made_live
from scienceops.usecases.flag_rows import read_flags
from scienceops.usecases.freeze_run import partitions_under
from scienceops.usecases.records import (
    Clock,
    Stored,
    find,
    find_all,
    number_key,
    read_service,
    read_version,
    read_versions,
    save,
    stamp,
    update,
)

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
) -> Retraining:
    """A new retraining of the live version, or the proposal of one for a person to start.

    Raises BadInput for a bad selection, WrongState when the live version cannot be retrained, and
    Conflict while another retraining of the service is under way.
    """
    chosen = read_selection(selection)
    base = _base_of(name, ports)
    state = RetrainingState.PROPOSED if propose else RetrainingState.SELECTING
    while True:
        known = [stored.value for stored in read_retrainings(name, ports)]
        _check_alone(name, known)
        number = 1 + max((retraining.number for retraining in known), default=0)
        now = clock()
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
            _freeze(retraining, chosen, base, ports)
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
            _send(retraining, ports)
        return retraining


def start_proposed(name: str, number: int, actor: str, ports: Ports, clock: Clock) -> Retraining:
    """Carry out a proposal; raises WrongState when it is none any more."""
    stored = read_retraining(name, number, ports)
    _check_alone(name, [s.value for s in read_retrainings(name, ports)])
    base = read_version(ports.registry, name, stored.value.base).value
    _check_proposed(stored.value)
    _freeze(stored.value, read_selection(stored.value.selection), base, ports)

    def change(retraining: Retraining) -> Retraining:
        _check_proposed(retraining)
        return retraining.model_copy(update={"state": RetrainingState.SELECTING})

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
    if after.value.job_id:
        ports.jobs.cancel(after.value.job_id)
    return after.value


def waiting_for_people(name: str, ports: Ports) -> list[dict[str, Any]]:
    """Proposals, and compared candidates that were neither live yet nor rejected; newest first."""
    proved = {
        stored.value.number
        for stored in read_versions(ports.registry, name)
        if stored.value.state is VersionState.PROVED
    }
    tried = {entry["details"].get("version") for entry in made_live(name, ports)}
    return [
        retraining.value.to_body()
        for retraining in reversed(read_retrainings(name, ports))
        if retraining.value.state is RetrainingState.PROPOSED
        or (
            retraining.value.state is RetrainingState.COMPARED
            and retraining.value.version in proved - tried
        )
    ]


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


def _original_of(base: Version, ports: Ports) -> int:
    """The version that retraining began from, whose training data no capture has entered yet.

    Otherwise rows captured before would count twice: once as data of the live version, and once as
    captures.
    """
    version = base
    while version.training_set:
        before = int(version.manifest["origin"]["base"].rpartition(":")[2])
        version = read_version(ports.registry, base.service, before).value
    return version.number


def _check_alone(name: str, known: list[Retraining]) -> None:
    busy = next((retraining for retraining in known if retraining.state in MOVING), None)
    if busy is not None:
        raise Conflict(
            f"retraining {busy.number} of {name!r}, asked for by {busy.requested_by}, is "
            f"{busy.state}; wait for it or `scienceops retrain {name} --cancel {busy.number}`"
        )


def _check_proposed(retraining: Retraining) -> None:
    if retraining.state is not RetrainingState.PROPOSED:
        raise WrongState(
            f"retraining {retraining.number} of {retraining.service!r} is {retraining.state}, "
            "no proposal"
        )


def _freeze(retraining: Retraining, chosen: Selection, base: Version, ports: Ports) -> None:
    """Write down what the selection reads: objects by name, and the flags that hold now."""
    name = retraining.service
    flags = in_force(read_flags(name, ports))
    days = {chosen.since + timedelta(days=n) for n in range((chosen.until - chosen.since).days + 1)}
    partitions = [p for p in partitions_under(name, ports.objects) if p.date in days]
    if not partitions:
        raise BadInput(
            f"{name!r} has no captures from {chosen.since} to {chosen.until}; "
            f"{_captured_days(name, ports)}"
        )
    order = {
        "service": name,
        "number": retraining.number,
        "base": base.number,
        "original": _original_of(base, ports),
        "target": base.manifest["target"],
        "task": base.manifest["task"],
        "selection": chosen.model_dump(mode="json"),
        "flags": [flag.to_body() for flag in flags],
        "requested_at": retraining.requested_at,
        "partitions": [
            {
                "version": p.version,
                "date": p.date.isoformat(),
                "keys": [info.key for info in ports.objects.scan(p.prefix)],
                "label_keys": [info.key for info in ports.objects.scan(p.labels_prefix)],
            }
            for p in sorted(partitions)
        ],
    }
    ports.objects.put(training_order_key(name, retraining.number), json.dumps(order).encode())


def _captured_days(name: str, ports: Ports) -> str:
    days: set[date] = {p.date for p in partitions_under(name, ports.objects)}
    return f"there are some from {min(days)} to {max(days)}" if days else "it has none at all"


def _send(retraining: Retraining, ports: Ports) -> None:
    message = AdvanceRetraining(service=retraining.service, number=retraining.number)
    ports.queue.send(WORK, message.to_body())
