"""Doctor: what this machine has and lacks. Plain Python, since what it looks for may be broken."""

from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "missing", "optional"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. missing: needed, and not as it must be. optional: it could
    be had and is not needed. `fix` says how to get it."""

    name: str
    state: State
    found: str
    fix: str = ""

    def to_dict(self) -> dict[str, str]:
        """As plain values."""
        return asdict(self)


def examine() -> list[Check]:
    """Every check, in the order in which things are needed."""
    from scienceops.doctor import home, machine, packages, queues

    place, settings = home.find_home()
    return [
        machine.check_python(),
        machine.check_sqlite(),
        *packages.check_packages(),
        machine.check_java(),
        settings,
        machine.check_engine(),
        *home.check_home(place),
        *home.check_up(place),
        *queues.check_queues(),
        machine.check_clock(place),
        *machine.check_tools(),
    ]
