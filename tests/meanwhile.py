"""Meanwhile: something else happens just before a step, once, as if another worker were there."""

from collections.abc import Callable
from typing import Any

import pytest


def meanwhile(
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    step: str,
    act: Callable[[], object],
    when: Callable[..., bool] = lambda *_, **__: True,
) -> list[object]:
    """Have `act` happen before the first call of `step`, an attribute of `owner`, that `when` holds
    of; what it gave, once it has happened."""
    original = getattr(owner, step)
    happened: list[object] = []

    def interrupted(*given: Any, **named: Any) -> Any:
        if not happened and when(*given, **named):
            # Noted first: what happens may well take the same step.
            happened.append(None)
            happened[0] = act()
        return original(*given, **named)

    monkeypatch.setattr(owner, step, interrupted)
    return happened
