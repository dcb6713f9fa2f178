"""Asked: what the query of a request asks for."""

import difflib
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from flask import Blueprint, request

from scienceops.core.near import near
from scienceops.errors import BadInput

T = TypeVar("T", date, datetime, int)


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
        return [int(text) for text in request.args.getlist(name)]
    except ValueError as error:
        raise BadInput(f"{name}: wanted a whole number ({error})") from None


def day_of(name: str) -> date | None:
    """The day in a query argument, None without one; raises BadInput."""
    return _parsed(name, date.fromisoformat, "day like 2026-11-23")


def time_of(name: str) -> datetime | None:
    """The time in a query argument, in UTC unless it says otherwise; None without one.

    Raises BadInput.
    """
    at = _parsed(name, datetime.fromisoformat, "time like 2026-11-23T09:30Z")
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def number_of(name: str) -> int | None:
    """The whole number in a query argument, None without one; raises BadInput."""
    return _parsed(name, int, "whole number")


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
        return int(text) if text else None
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
