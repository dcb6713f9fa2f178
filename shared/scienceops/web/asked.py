"""Asked: what the query of a request asks for."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

from flask import request

from scienceops.errors import BadInput

T = TypeVar("T", date, datetime)


def day_of(name: str) -> date | None:
    """The day in a query argument, None without one; raises BadInput."""
    return _parsed(name, date.fromisoformat, "day like 2026-11-23")


def time_of(name: str) -> datetime | None:
    """The time in a query argument, None without one; raises BadInput."""
    return _parsed(name, datetime.fromisoformat, "time like 2026-11-23T09:30Z")


def _parsed(name: str, parse: Callable[[str], T], wanted: str) -> T | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        return parse(text)
    except ValueError:
        raise BadInput(f"{name}={text!r}: wanted a {wanted}") from None
