"""Figures: numbers, times and statistics as people read them on pages."""

from flask import Blueprint

from scienceops.core.moments import last_day, moment
from scienceops.core.stats.meanings import meaning

#: From here on the digits before the point are more than a double has.
_EXACT = 1e15


def add_figures(routes: Blueprint) -> None:
    """Make these functions filters of every template."""
    for name, function in (
        ("number", number),
        ("cell", cell),
        ("chance", chance),
        ("moment", moment),
        ("last_day", last_day),
        ("meaning", meaning),
    ):
        routes.add_app_template_filter(function, name)


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many digits; one that is large whole, and without an exponent.

    >>> number(0.38152), number(11918.4), number(9999.7), number(None)
    ('0.3815', '11918', '10000', '–')
    """
    if value is None:
        return "–"
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < _EXACT else text


def cell(value: object) -> str:
    """A value of a row, as JSON has it but for numbers, and for what is missing.

    >>> cell(True), cell(None), cell(0.38152), cell("Ulm")
    ('true', '–', '0.3815', 'Ulm')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return number(value) if value is None or isinstance(value, int | float) else str(value)


def chance(value: float | None) -> str:
    """A probability; below one in ten thousand its digits say nothing more.

    >>> chance(5.2e-144), chance(0.0312), chance(None)
    ('< 0.0001', '0.0312', '–')
    """
    return "< 0.0001" if value is not None and value < 0.0001 else number(value)
