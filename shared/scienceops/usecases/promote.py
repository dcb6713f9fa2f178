"""Promote: let a version be live, or not, by a person's word; and share traffic between versions.

A promotion is written into the service first and carried out by queue `work`: the version is
started, and only when it is ready does the service point to it. So it survives any death half way,
and whoever comes second is told who was first.
"""

from collections.abc import Mapping
from typing import Any, Literal

from scienceops.core.messages import WORK, AdvanceVersion
from scienceops.core.policy import kept_policy
from scienceops.core.versions import (
    DIVIDED,
    Promotion,
    Service,
    Version,
    VersionState,
    division_of,
)
from scienceops.errors import BadInput, Conflict, NotAllowed, WrongState
from scienceops.ports import Ports
from scienceops.usecases.reconcile_deployment import ask_to_run, ask_to_stop
from scienceops.usecases.records import Clock, read_service, read_version, stamp, update


def approve_version(
    name: str,
    number: int,
    actor: str,
    comment: str,
    ports: Ports,
    clock: Clock,
    *,
    seen_live: int | None = None,
    kind: Literal["approval", "policy"] = "approval",
) -> Promotion:
    """Ask for a proved version to be live.

    seen_live: the live version the decision was made against; another one by now is a Conflict.
    """
    version = read_version(ports.registry, name, number).value
    _check_proved(version)
    policy = kept_policy(read_service(ports.registry, name).value.policy)
    if version.training_set and policy.candidates == "never":
        raise NotAllowed(
            f"the policy of {name!r} has candidates = never; change it first: "
            f"`scienceops policy {name} set candidates=manual`"
        )
    promotion = Promotion(version=number, kind=kind, by=actor, comment=comment, at=stamp(clock()))
    return _promote(name, promotion, ports, clock, seen_live)


def roll_back(
    name: str, actor: str, comment: str, ports: Ports, clock: Clock, *, to: int | None = None
) -> Promotion:
    """Ask for the version that was live before to be live again.

    to: the version that was before when this was decided; another one by now is a Conflict, so
    that a second press does not take the first one back.
    """
    service = read_service(ports.registry, name).value
    if service.previous is None:
        raise WrongState(f"service {name!r} has had no other live version to go back to")
    if to is not None and to != service.previous and service.promotion is None:
        raise Conflict(
            f"version {service.live} of {name!r} is live by now, and before it {service.previous} "
            f"was, not {to}; look at it and decide again"
        )
    promotion = Promotion(
        version=service.previous, kind="rollback", by=actor, comment=comment, at=stamp(clock())
    )
    return _promote(name, promotion, ports, clock, service.live)


def reject_version(
    name: str, number: int, actor: str, comment: str, ports: Ports, clock: Clock
) -> Version:
    """Turn a version down for good; its files and its history stay."""

    def change(version: Version) -> Version:
        if number in read_service(ports.registry, name).value.serving:
            raise WrongState(
                f"version {number} of {name!r} is in use; take it out first: "
                f"`scienceops rollback {name}` or `scienceops traffic {name}`"
            )
        if version.state is VersionState.REJECTED:
            raise Conflict(f"version {number} of {name!r} was rejected already: {version.reason}")
        return version.moved(VersionState.REJECTED, reason=f"{actor}: {comment}".rstrip(": "))

    stored = update(
        ports.registry,
        lambda: read_version(ports.registry, name, number),
        change,
        at=clock(),
        actor=actor,
        action="version rejected",
        why=comment,
        details={"version": number},
    )
    if number in read_service(ports.registry, name).value.serving:
        _end_use(name, number, ports)
    else:
        ask_to_stop(name, number, ports, clock, after_seconds=0)
    return stored.value


def share_traffic(
    name: str,
    weights: Mapping[int, int],
    shadow: int | None,
    actor: str,
    ports: Ports,
    clock: Clock,
    *,
    drain_seconds: float,
    seen: str | None = None,
) -> Service:
    """Divide calls between proved versions by weight; a shadow is asked too and never heard.

    No weights: all goes to the live version. The live version must have a weight of its own.
    seen: the division, as `division_of` tells it, that this was decided against; another one by now
    is a Conflict.
    """
    for number, weight in weights.items():
        if weight < 1 or weight > 1000:
            raise BadInput(f"weight {weight} of version {number}: wanted 1 to 1000")
    asked = {*weights, *([] if shadow is None else [shadow])}
    before: set[int] = set()
    details: dict[str, Any] = {
        "weights": {str(n): weight for n, weight in weights.items()},
        "shadow": shadow,
    }

    def change(service: Service) -> Service:
        for number in asked:
            _check_proved(read_version(ports.registry, name, number).value)
        if service.live is None:
            raise WrongState(f"service {name!r} has no live version yet")
        now = division_of(service.live, service.traffic, service.shadow)
        if seen is not None and now != seen:
            raise Conflict(
                f"calls of {name!r} are divided otherwise by now: {now}; look at it and decide "
                "again"
            )
        if weights and service.live not in weights:
            raise BadInput(
                f"version {service.live} is live and has no weight; "
                "give it one, or approve another version"
            )
        if shadow == service.live or shadow in weights:
            raise BadInput(f"version {shadow} answers calls already; a shadow is another version")
        before.clear()
        before.update(service.serving)
        details["was"] = {"weights": dict(service.traffic), "shadow": service.shadow}
        split = {str(n): weight for n, weight in sorted(weights.items())}
        return service.model_copy(
            update={"traffic": {} if len(split) == 1 else split, "shadow": shadow}
        )

    stored = update(
        ports.registry,
        lambda: read_service(ports.registry, name),
        change,
        at=clock(),
        actor=actor,
        action=DIVIDED,
        details=details,
    )
    settle_deployments(name, before, ports, clock, drain_seconds)
    # Looked at after it is written, as whoever rejects one does: one of the two sees the other.
    for number in sorted(asked):
        if read_version(ports.registry, name, number).value.state is not VersionState.PROVED:
            raise _used_though_rejected(name, number)
    return stored.value


def settle_deployments(
    name: str, before: set[int], ports: Ports, clock: Clock, drain_seconds: float
) -> None:
    """Start what the service now needs and stop what it needed before and no longer does."""
    serving = read_service(ports.registry, name).value.serving
    for number in serving:
        ask_to_run(name, number, ports, clock)
    for number in before - serving:
        ask_to_stop(name, number, ports, clock, after_seconds=drain_seconds)


def _promote(
    name: str, promotion: Promotion, ports: Ports, clock: Clock, seen_live: int | None
) -> Promotion:
    def change(service: Service) -> Service:
        if service.promotion is not None:
            other = service.promotion
            raise Conflict(
                f"{other.by} is making version {other.version} of {name!r} live since {other.at}; "
                "look again in a moment"
            )
        if service.live == promotion.version:
            raise Conflict(f"version {promotion.version} of {name!r} is live already")
        if seen_live is not None and service.live != seen_live:
            raise Conflict(
                f"version {service.live} of {name!r} went live in the meantime, not {seen_live}; "
                "look at it and decide again"
            )
        _check_proved(read_version(ports.registry, name, promotion.version).value)
        return service.model_copy(update={"promotion": promotion})

    update(
        ports.registry,
        lambda: read_service(ports.registry, name),
        change,
        at=clock(),
        actor=promotion.by,
        action={
            "rollback": "rollback asked for",
            "approval": "version approved",
            "policy": "version approved",
        }[promotion.kind],
        why=promotion.comment,
        details={"version": promotion.version},
    )
    message = AdvanceVersion(service=name, version=promotion.version)
    ports.queue.send(WORK, message.to_body())
    return promotion


def _end_use(name: str, number: int, ports: Ports) -> None:
    """Give up the promotion of a version that was rejected in the moment it was asked for.

    Raises Conflict when it answers calls already, which only a person's next decision ends.
    """
    ports.queue.send(WORK, AdvanceVersion(service=name, version=number).to_body())
    promotion = read_service(ports.registry, name).value.promotion
    if promotion is None or promotion.version != number:
        raise _used_though_rejected(name, number)


def _used_though_rejected(name: str, number: int) -> Conflict:
    return Conflict(
        f"version {number} of {name!r} is rejected, and was taken into use in the same moment; "
        f"take it out: `scienceops rollback {name}` or `scienceops traffic {name}`"
    )


def _check_proved(version: Version) -> None:
    if version.state is not VersionState.PROVED:
        raise WrongState(
            f"version {version.number} of {version.service!r} is {version.state}: only a proved "
            f"version can answer calls; `scienceops status {version.service}` lists them"
        )
