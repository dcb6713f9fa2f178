"""Builds and scorers that end between two looks at them are told with what they said last."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contract.racers import PACKAGE, PACKAGE_KEY, make_order, open_runtime, open_store
from contract.waiting import wait_for

from scienceops.adapters.local import service_runtime
from scienceops.adapters.local.environments import Environments
from scienceops.adapters.local.image_builder import EnvironmentImageBuilder
from scienceops.adapters.local.processes import is_alive
from scienceops.adapters.local.tasks import EXIT, Task
from scienceops.config import Settings
from scienceops.ports.image_builder import BuildOrder, BuildState
from scienceops.ports.service_runtime import Observed

LOOKS = [(Task, "outcome"), (Environments, "is_there"), (Task, "log_tail")]


def slowed(look: Callable[..., Any], until: Callable[[], object]) -> Callable[..., Any]:
    """The look, which tells what it saw only once `until` holds."""

    def slow(*given: object) -> object:
        seen = look(*given)
        wait_for(until)
        return seen

    return slow


@pytest.mark.parametrize(("whose", "look"), LOOKS)
def test_a_build_that_fails_during_a_look_is_told_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: type, look: str
) -> None:
    builder = EnvironmentImageBuilder(tmp_path, Settings(home=tmp_path), always=())
    order = BuildOrder("iris-1-1", "iris", 1, "versions/iris/1/package.zip", "0" * 64, (), "3.2")
    ended = tmp_path / "builds" / builder.start(order) / EXIT
    monkeypatch.setattr(whose, look, slowed(getattr(whose, look), ended.exists))
    status = builder.status("iris-1-1")
    if status.state is not BuildState.RUNNING:
        assert "find Python 3.2" in status.reason
    status = builder.status("iris-1-1")
    assert status.state is BuildState.FAILED
    assert "find Python 3.2" in status.reason


@pytest.mark.parametrize(("whose", "look"), LOOKS)
def test_a_build_that_succeeds_during_a_look_has_not_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: type, look: str
) -> None:
    builder = EnvironmentImageBuilder(tmp_path, Settings(home=tmp_path), always=())
    # One that the tests do not run with, so that it has an environment of its own.
    needs, python = ("packaging==24.1",), f"{sys.version_info.major}.{sys.version_info.minor}"
    order = BuildOrder(
        "iris-1-1", "iris", 1, "versions/iris/1/package.zip", "0" * 64, needs, python
    )
    ended = tmp_path / "builds" / builder.start(order) / EXIT
    monkeypatch.setattr(whose, look, slowed(getattr(whose, look), ended.exists))
    assert builder.status("iris-1-1").state in (BuildState.RUNNING, BuildState.SUCCEEDED)
    assert builder.status("iris-1-1").state is BuildState.SUCCEEDED


def test_a_scorer_that_ends_during_a_look_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(tmp_path).put(PACKAGE_KEY, PACKAGE)
    runtime = open_runtime(tmp_path)
    runtime.start(make_order())
    wait_for(lambda: runtime.status("iris", 1).observed is Observed.READY)
    pid = int(json.loads((tmp_path / "run" / "iris-1.json").read_text())["pid"])
    log = tmp_path / "logs" / "iris-1.log"

    def end_and_look(looked_at: int, birth: str) -> bool:
        if looked_at == pid:
            with log.open("a") as out:
                out.write("out of patience\n")
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: not is_alive(pid, birth))
        return is_alive(looked_at, birth)

    monkeypatch.setattr(service_runtime, "is_alive", end_and_look)
    status = runtime.status("iris", 1)
    assert status.observed is Observed.FAILED
    assert status.log_tail[-1] == "out of patience"
