"""Describe flags: which hold and over what, on which days they stand, and what one covers."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from scienceops.core.flags import hours_on, overruled_by
from scienceops.core.ids import time_of
from scienceops.core.retraining import Flag, in_force
from scienceops.errors import BadInput
from scienceops.ports import Ports
from scienceops.usecases.captured_places import captured_among, captured_days
from scienceops.usecases.flag_rows import read_flags
from scienceops.usecases.records import Clock
from scienceops.usecases.take_labels import Origins


def describe_flags(name: str, ports: Ports) -> list[dict[str, Any]]:
    """Every flag of a service, oldest first.

    holds: whether no later entry undid it. overruled_by: the flags that hold and say `wrong` of
    rows that this one says `retrain` of; those rows stay wrong.
    """
    flags = read_flags(name, ports)
    holding = in_force(flags)
    numbers = {flag.number for flag in holding}
    return [
        {
            **flag.to_body(),
            "holds": flag.number in numbers,
            "overruled_by": overruled_by(flag, holding) if flag.number in numbers else [],
        }
        for flag in flags
    ]


def flagged_days(name: str, ports: Ports) -> dict[str, list[dict[str, Any]]]:
    """day -> the flags that hold on rows of it.

    requests: None for a flag on days, which every version shares; for one on requests, how many of
    that day each version answered. Ids that no version made are left out. hours: those of a flag
    on a part of the day, else empty.
    """
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    origins: Origins | None = None
    for flag in in_force(read_flags(name, ports)):
        told = flag.model_dump(include={"number", "kind", "by", "comment"})
        if not flag.request_ids:
            for day in flag.days:
                on_day = {**told, "requests": None, "hours": hours_on(flag, day)}
                found[day.isoformat()].append(on_day)
            continue
        origins = origins or Origins(name, ports)
        by_day: dict[date, Counter[int]] = defaultdict(Counter)
        for version, at in _answered(flag.request_ids, origins):
            by_day[at.date()][version] += 1
        for day, counts in sorted(by_day.items()):
            found[day.isoformat()].append({**told, "requests": dict(counts), "hours": ""})
    return dict(found)


def notes_on(name: str, flag: Flag, ports: Ports, clock: Clock) -> list[str]:
    """What whoever made the flag should know of it: the captured days it covers, and what wins."""
    notes = (
        _covered_requests(name, flag, ports)
        if flag.request_ids
        else _covered_days(name, flag, ports, clock)
    )
    winning = overruled_by(flag, in_force(read_flags(name, ports)))
    if winning:
        numbers = ", ".join(map(str, winning))
        which = f"flags {numbers} call" if len(winning) > 1 else f"flag {numbers} calls"
        undone = numbers if len(winning) == 1 else "NUMBER"
        notes.append(
            f"rows that {which} wrong stay so until it is undone: "
            f"`scienceops flag {name} --undo {undone}`"
        )
    return notes


def _covered_requests(name: str, flag: Flag, ports: Ports) -> list[str]:
    known = len(list(_answered(flag.request_ids, Origins(name, ports))))
    unknown = len(flag.request_ids) - known
    if not unknown:
        return []
    return [
        f"{unknown} of {len(flag.request_ids)} request ids were never answered by {name!r}; "
        "the flag covers no row of theirs"
    ]


def _covered_days(name: str, flag: Flag, ports: Ports, clock: Clock) -> list[str]:
    covered = captured_among(name, flag.days, ports)
    notes = []
    if len(covered) == 1:
        notes.append(f"it covers captures of {min(covered)}")
    elif covered:
        notes.append(f"it covers captures of {len(covered)} days, {min(covered)} to {max(covered)}")
    else:
        notes.append(f"it covers no captures of {name!r}: {captured_days(name, ports)}")
    if datetime.fromisoformat(flag.until) > clock():
        notes.append("it reaches into the future, and covers rows that are still to be scored")
    return notes


def _answered(ids: Iterable[str], origins: Origins) -> Iterable[tuple[int, datetime]]:
    """(version, time) of each request that a version of the service answered."""
    for identity in ids:
        try:
            version, _ = origins.of(identity)
        except BadInput:
            continue
        yield version.number, time_of(identity)
