"""Flags: which of several flags on the same rows is heard.

`wrong` wins over `retrain`, whichever came first: rows that somebody called wrong are never learned
from, until that flag is undone.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from scienceops.core.ids import time_of
from scienceops.core.retraining import Flag


def by_weight(flags: Iterable[Flag]) -> list[Flag]:
    """The flags so that of two on the same row the last is the one that is heard.

    >>> day = {"since": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z", "by": "eva"}
    >>> first = Flag(number=1, kind="wrong", at="", **day)
    >>> later = Flag(number=2, kind="retrain", at="", **day)
    >>> [flag.kind for flag in by_weight([first, later])]
    ['retrain', 'wrong']
    """
    return sorted(flags, key=lambda flag: flag.kind == "wrong")


def overruled_by(flag: Flag, holding: Iterable[Flag]) -> list[int]:
    """The flags in force that take rows of this one out, for they call them wrong; ascending.

    >>> day = {"since": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z", "by": "eva"}
    >>> wrong = Flag(number=1, kind="wrong", at="", **day)
    >>> overruled_by(Flag(number=2, kind="retrain", at="", **day), [wrong])
    [1]
    """
    if flag.kind != "retrain":
        return []
    return sorted(o.number for o in holding if o.kind == "wrong" and overlap(flag, o))


def hours_on(flag: Flag, day: date) -> str:
    """The hours in UTC that a flag on a window of time has of one of its days; empty for all of it.

    >>> window = {"since": "2026-11-20T18:00:00Z", "until": "2026-11-22T06:30:00Z", "by": "eva"}
    >>> flag = Flag(number=1, kind="wrong", at="", **window)
    >>> [hours_on(flag, day) for day in flag.days]
    ['18:00 to 24:00', '', '00:00 to 06:30']
    """
    begins = datetime.combine(day, time(), UTC)
    ends = begins + timedelta(days=1)
    since = max(begins, datetime.fromisoformat(flag.since))
    until = min(ends, datetime.fromisoformat(flag.until))
    if (since, until) == (begins, ends):
        return ""
    return f"{since:%H:%M} to {'24:00' if until == ends else f'{until:%H:%M}'}"


def overlap(one: Flag, other: Flag) -> bool:
    """Whether there may be a row that both flags speak of."""
    if one.request_ids and other.request_ids:
        return bool(set(one.request_ids) & set(other.request_ids))
    if one.request_ids or other.request_ids:
        ids, window = (one, other) if one.request_ids else (other, one)
        return any(window.covers(identity, time_of(identity)) for identity in ids.request_ids)
    (a, b), (c, d) = (
        [datetime.fromisoformat(text) for text in (flag.since, flag.until)] for flag in (one, other)
    )
    return a < d and c < b
