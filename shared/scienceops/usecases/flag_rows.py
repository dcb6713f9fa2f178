"""Flag rows: what an expert says of captured data, kept for good and undone by another entry."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from scienceops.core.ids import read_id
from scienceops.core.retraining import Flag, in_force
from scienceops.errors import BadInput, Conflict, NotFound, RevisionConflict
from scienceops.ports import Ports
from scienceops.usecases.records import (
    Clock,
    Stored,
    find_all,
    number_key,
    read_service,
    save,
    stamp,
)

MOST_REQUESTS = 1000
MOST_COMMENT = 1000


def read_flags(name: str, ports: Ports) -> list[Flag]:
    """Every flag of a service, undone ones too, oldest first."""
    read_service(ports.registry, name)
    return [stored.value for stored in find_all(ports.registry, name, "flag/", Flag)]


def flag_rows(
    name: str,
    kind: Literal["wrong", "retrain"],
    actor: str,
    ports: Ports,
    clock: Clock,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    request_ids: Sequence[str] = (),
    comment: str = "",
) -> Flag:
    """A new flag on a window of time, or on the rows of some requests."""
    if kind not in ("wrong", "retrain"):
        raise BadInput(f"flag {kind!r}: wanted wrong or retrain")
    if bool(request_ids) == (since is not None or until is not None):
        raise BadInput("a flag wants a window of time or request ids, one of the two")
    if len(request_ids) > MOST_REQUESTS:
        raise BadInput(f"{len(request_ids)} request ids: wanted at most {MOST_REQUESTS}; flag days")
    identities = tuple(map(read_id, request_ids))
    window: dict[str, Any] = {}
    if not request_ids:
        if since is None or until is None:
            raise BadInput("a window of time wants a beginning and a later end")
        if since >= until:
            raise BadInput(
                f"the window begins at {since:%Y-%m-%d %H:%M} and ends at {until:%Y-%m-%d %H:%M}, "
                "not after it: wanted a beginning and a later end"
            )
        window = {"since": stamp(since.astimezone(UTC)), "until": stamp(until.astimezone(UTC))}
    return _add(
        name,
        actor,
        ports,
        clock,
        kind=kind,
        comment=comment[:MOST_COMMENT],
        request_ids=identities,
        **window,
    )


def undo_flag(
    name: str, number: int, actor: str, ports: Ports, clock: Clock, *, comment: str = ""
) -> Flag:
    """Another entry, after which the flag holds no more; raises NotFound and Conflict."""

    def check(flags: Sequence[Flag]) -> None:
        if not any(flag.number == number and flag.kind != "undo" for flag in flags):
            raise NotFound(
                f"service {name!r} has no flag {number}; `scienceops flag {name}` lists them"
            )
        if not any(flag.number == number for flag in in_force(flags)):
            raise Conflict(f"flag {number} of {name!r} was undone already")

    comment = comment[:MOST_COMMENT]
    return _add(name, actor, ports, clock, check, kind="undo", of=number, comment=comment)


def _add(
    name: str,
    actor: str,
    ports: Ports,
    clock: Clock,
    check: Callable[[Sequence[Flag]], None] = lambda _: None,
    **fields: Any,
) -> Flag:
    """check: raises where the flags that there are do not allow it."""
    while True:
        flags = read_flags(name, ports)
        check(flags)
        number = 1 + max((flag.number for flag in flags), default=0)
        now = clock()
        flag = Flag(number=number, by=actor, at=stamp(now), **fields)
        try:
            save(
                ports.registry,
                Stored(flag, name, number_key("flag", number)),
                flag,
                at=now,
                actor=actor,
                action="flag undone" if flag.kind == "undo" else "data flagged",
                why=flag.comment,
                details={
                    "flag": flag.of or number,
                    "kind": flag.kind,
                    "since": flag.since,
                    "until": flag.until,
                    "requests": len(flag.request_ids),
                },
            )
        except RevisionConflict:
            continue
        return flag
