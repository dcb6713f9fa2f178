"""Asked: what the query of a request asks for."""

import difflib
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from flask import Blueprint, request

from scienceops.core.near import near
from scienceops.errors import BadInput

T = TypeVar("T", date, datetime, int)

#: Of versions and of all else that is numbered, on each platform.
LARGEST_NUMBER = 2**31 - 1


def refuse_unknown(routes: Blueprint, known: Mapping[str, Collection[str]]) -> None:
    """Refuse every query argument that the endpoint does not read, so that none is ignored.

    known: what the endpoints of these routes read, by the names of their functions.
    """

    @routes.before_request
    def look() -> None:
        names = known.get((request.endpoint or "").rpartition(".")[2], ())
        for name in request.args:
            if name not in names:
                close = difflib.get_close_matches(name, names, n=1)
                wanted = ", ".join(sorted(names)) or "none"
                raise BadInput(f"unknown query argument {name!r}{near(close)}: wanted {wanted}")


def numbers_of(name: str) -> list[int]:
    """The whole numbers in a query argument that may be repeated; raises BadInput."""
    try:
        return [_whole(text) for text in request.args.getlist(name)]
    except ValueError as error:
        raise BadInput(f"{name}: wanted a whole number ({error})") from None


def day_of(name: str) -> date | None:
    """The day in a query argument, None without one; raises BadInput."""
    return _parsed(name, date.fromisoformat, "day like 2026-11-23")


def time_of(name: str) -> datetime | None:
    """The time in a query argument, in UTC unless it says otherwise; None without one.

    Raises BadInput.
    """
    return _parsed(name, time_in_utc, "time like 2026-11-23T09:30Z")


def time_in_utc(text: str) -> datetime:
    """The time that a text says, in UTC unless it says otherwise; raises ValueError.

    >>> time_in_utc("2026-11-23T09:30+02:00")
    datetime.datetime(2026, 11, 23, 7, 30, tzinfo=datetime.timezone.utc)
    """
    at = datetime.fromisoformat(text)
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is in no year of ours in UTC") from None


def number_of(name: str) -> int | None:
    """The whole number in a query argument, None without one; raises BadInput."""
    return _parsed(name, _whole, "whole number")


def _whole(text: str) -> int:
    """The whole number that a text says; raises ValueError, also for one that no store takes."""
    number = int(text)
    if abs(number) > LARGEST_NUMBER:
        raise ValueError(f"{text[:20]!r}... is more than {LARGEST_NUMBER}")
    return number


def _parsed(name: str, parse: Callable[[str], T], wanted: str) -> T | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        return parse(text)
    except ValueError:
        raise BadInput(f"{name}={text!r}: wanted a {wanted}") from None


def number_in_form(name: str) -> int | None:
    """The whole number in a field of the form, None when it is empty; raises BadInput."""
    text = request.form.get(name, "").strip()
    try:
        return _whole(text) if text else None
    except ValueError:
        raise BadInput(f"{name} = {text!r}: wanted a whole number") from None


def window_in_form() -> tuple[datetime, datetime]:
    """(since, until) of the days of a form in UTC, the last of them whole; raises BadInput."""
    days = []
    for name in ("since", "until"):
        text = request.form.get(name, "").strip()
        try:
            days.append(datetime.fromisoformat(text or request.form.get("since", "")))
        except ValueError:
            called = {"since": "From", "until": "to"}[name]
            got = repr(text) if text else "empty"
            raise BadInput(f"the day {called!r} is {got}: wanted one like 2026-11-23") from None
    since, until = (day.replace(tzinfo=UTC) for day in days)
    if until < since:
        raise BadInput(
            f"the day 'to' is {until.date()}, before the day 'From', {since.date()}: wanted the "
            "same day or a later one"
        )
    return since, until + timedelta(days=1)
