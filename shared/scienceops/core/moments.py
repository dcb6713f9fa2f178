"""Moments: days and times of the registry as people read them, on pages and the command line."""

from datetime import date, timedelta


def moment(at: str | None) -> str:
    """A time, to the minute, with its zone.

    at: ISO 8601 in UTC.

    >>> moment("2026-11-28T09:30:12.001Z"), moment(None)
    ('2026-11-28 09:30 UTC', '')
    """
    return f"{at[:16].replace('T', ' ')} UTC" if at else ""


def last_day(until: str, since: str) -> str:
    """The last day of a window of whole days, as people say it; empty for any other window.

    since, until: ISO 8601 in UTC, of which `until` is no part of the window.

    >>> last_day("2026-11-29T00:00:00Z", "2026-11-27T00:00:00Z")
    '2026-11-28'
    >>> last_day("2026-11-29T09:30:00Z", "2026-11-27T00:00:00Z")
    ''
    """
    if since[10:16] != "T00:00" or until[10:16] != "T00:00":
        return ""
    return (date.fromisoformat(until[:10]) - timedelta(days=1)).isoformat()
