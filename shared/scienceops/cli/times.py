"""Times: how a person writes days and times on the command line."""

from datetime import UTC, date, datetime, timedelta

from scienceops.errors import BadInput


def parse_day(text: str) -> date:
    """A day, raises BadInput.

    >>> parse_day("2026-11-23")
    datetime.date(2026, 11, 23)
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no day: wanted one like 2026-11-23") from None


def parse_window(since: str, until: str) -> tuple[datetime, datetime]:
    """A window of time in UTC; a day alone as the end is meant to its last moment. Raises BadInput.

    >>> parse_window("2026-11-20", "2026-11-21")[1].isoformat()
    '2026-11-22T00:00:00+00:00'
    """
    begin, end = parse_time(since), parse_time(until, whole_day=True)
    if begin >= end:
        raise BadInput(
            f"the window begins at {since} and ends at {until}: wanted a beginning and a later end"
        )
    return begin, end


def parse_time(text: str, *, whole_day: bool = False) -> datetime:
    """A time, in UTC unless it says otherwise; raises BadInput.

    whole_day: a day alone means its end.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"{text!r} is no time: wanted one like 2026-11-23 or 2026-11-23T09:30"
        ) from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at + timedelta(days=1) if whole_day and len(text) <= len("2026-11-23") else at
