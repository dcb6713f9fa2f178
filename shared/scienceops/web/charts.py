"""Charts: small SVG drawn by the server, so that a list needs no script."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from markupsafe import Markup, escape

from scienceops.web.figures import number

COLOURS = (
    *("#2f6f9f", "#c0741a", "#4a9b6e", "#a85a8c", "#7a6fc2", "#8a8a8a"),
    *("#8cc4ea", "#e9c46a", "#1f4e3d", "#e8a3c8", "#3f3578", "#b5502f"),
)


def colours_of(monitors: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Class label -> colour, the same for every version on a page.

    >>> colours_of([{"ratios": {"b": []}}, {"ratios": {"a": []}}])
    {'a': '#2f6f9f', 'b': '#c0741a'}
    >>> digits = dict.fromkeys("0123456789", [])
    >>> len(set(colours_of([{"ratios": digits}]).values()))
    10
    """
    labels = sorted({label for monitor in monitors for label in monitor["ratios"]})
    return {label: COLOURS[place % len(COLOURS)] for place, label in enumerate(labels)}


def flags_of(
    flagged: Mapping[str, Sequence[Mapping[str, Any]]], version: int | None
) -> dict[str, list[dict[str, Any]]]:
    """day -> its flags that concern a version, those on days and of them `wrong` first.

    requests: 0 for a flag on days, else how many requests of the version it is on.

    >>> flagged = {"2026-11-28": [{"kind": "wrong", "requests": {1: 2}}]}
    >>> flags_of(flagged, 1), flags_of(flagged, 3)
    ({'2026-11-28': [{'kind': 'wrong', 'requests': 2}]}, {})
    """
    found = {}
    for day, flags in flagged.items():
        concerned = [
            {**flag, "requests": 0 if flag["requests"] is None else flag["requests"][version]}
            for flag in flags
            if flag["requests"] is None or version in flag["requests"]
        ]
        if concerned:
            found[day] = sorted(concerned, key=lambda f: (f["requests"] > 0, f["kind"] != "wrong"))
    return found


def framed(
    days: Sequence[str], flagged: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[Mapping[str, Any]]:
    """The flags on these days as wholes, of what `flags_of` gives."""
    flags = [flag for day in days for flag in flagged.get(day, ())]
    return [flag for flag in flags if not flag["requests"] and not flag["hours"]]


def spells(days: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(first day, last day, what) of each stretch of days that follow each other and are alike.

    >>> spells({"2026-11-28": "drift", "2026-11-29": "drift", "2026-12-01": "drift"})
    [('2026-11-28', '2026-11-29', 'drift'), ('2026-12-01', '2026-12-01', 'drift')]
    """
    found: list[tuple[str, str, str]] = []
    for day, what in sorted(days.items()):
        before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        if found and found[-1][1:] == (before, what):
            found[-1] = (found[-1][0], day, what)
        else:
            found.append((day, day, what))
    return found


def flag_spells(
    flagged: Mapping[str, Sequence[Mapping[str, Any]]], days: Iterable[str]
) -> list[tuple[str, str, Mapping[str, Any]]]:
    """(first day, last day, flag) of each stretch of these days under a flag of `flags_of`."""
    alike: dict[str, tuple[Mapping[str, Any], dict[str, str]]] = {}
    for day in days:
        for flag in flagged.get(day, ()):
            alike.setdefault(repr(flag), (flag, {}))[1][day] = ""
    found = [(first, last, f) for f, under in alike.values() for first, last, _ in spells(under)]
    return sorted(found, key=lambda told: told[:2])


def sparkline(
    values: Sequence[float], baseline: float | None = None, width: int = 120, height: int = 28
) -> Markup:
    """A line through the values, with training's value dashed if there is one."""
    known = [*values, *([] if baseline is None else [baseline])]
    if not values:
        return Markup("")
    low, high = min(known), max(known)
    span = (high - low) or 1.0

    def y(value: float) -> float:
        return height - 3 - (height - 6) * (value - low) / span

    step = (width - 6) / max(len(values) - 1, 1)
    points = " ".join(f"{3 + i * step:.1f},{y(v):.1f}" for i, v in enumerate(values))
    last_x, last_y = 3 + (len(values) - 1) * step, y(values[-1])
    dashed = (
        f'<line x1="0" x2="{width}" y1="{y(baseline):.1f}" y2="{y(baseline):.1f}" class="base"/>'
        if baseline is not None
        else ""
    )
    label = escape(", ".join(number(value) for value in values))
    return Markup(  # noqa: S704  # Numbers of ours, and a label that was escaped.
        f'<svg class="spark" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        f'{dashed}<polyline points="{points}"/>'
        f'<circle cx="{last_x:.1f}" cy="{last_y:.1f}" r="2.2"/></svg>'
    )


def stacked_bars(
    days: Sequence[str],
    shares: Mapping[str, Sequence[float]],
    colours: Mapping[str, str],
    flagged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    height: int = 160,
) -> Markup:
    """One bar per day, cut by the share of each class; a frame around days that are flagged.

    flagged: as `flags_of` gives them. A flag on requests or hours says nothing of their whole day.
    """
    step, bars = 44, []
    for index, day in enumerate(days):
        top = 0.0
        for flag in framed([day], flagged or {})[:1]:
            title = escape(f"{day} flagged {flag['kind']} by {flag['by']}: {flag['comment']}")
            bars.append(
                f'<rect x="{index * step + 1}" y="0" width="42" height="{height - 2}" '
                f'class="flag {escape(flag["kind"])}"><title>{title}</title></rect>'
            )
        for label, series in shares.items():
            size = series[index] * (height - 24)
            colour = colours[label]
            title = escape(f"{day} {label}: {series[index]:.1%}")
            bars.append(
                f'<rect x="{index * step + 4}" y="{top:.1f}" width="36" height="{size:.1f}" '
                f'fill="{colour}"><title>{title}</title></rect>'
            )
            top += size
        bars.append(
            f'<text x="{index * step + 22}" y="{height - 8}" text-anchor="middle">'
            f"{escape(day[5:])}</text>"
        )
    width = max(len(days), 1) * step
    return Markup(  # noqa: S704  # Numbers of ours, and labels that were escaped.
        f'<div class="newest"><svg class="bars" viewBox="0 0 {width} {height}" width="{width}" '
        f'role="img" aria-label="share of predictions per class and day">{"".join(bars)}</svg>'
        "</div>"
    )
