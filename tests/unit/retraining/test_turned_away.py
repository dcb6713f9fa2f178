"""A comparison goes on when its platform turned a call away, and no scorer was asked."""

import json
from collections.abc import Mapping
from types import SimpleNamespace

import pandas as pd
import pytest
from retraining_scene import NAME, Scene, StandInRuntime

from scienceops.core.names import version_file_key
from scienceops.core.schema import Column, Schema
from scienceops.core.versions import Deployment
from scienceops.errors import ScorerHidden
from scienceops.ports import Calling
from scienceops.ports.service_runtime import Reply
from scienceops.training import running_version
from scienceops.training.running_version import RunningVersion
from scienceops.usecases.records import Stored, number_key, save


class Crowded(StandInRuntime):
    """A stand-in for a runtime that has no room for the first calls."""

    def __init__(self, turned_away: int) -> None:
        super().__init__()
        self.turned_away = turned_away

    def call(
        self, endpoint: str, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        if self.turned_away:
            self.turned_away -= 1
            raise ScorerHidden("Rate Exceeded")
        rows = json.loads(body)["input_df"]
        return Reply(200, {}, json.dumps({"predictions": ["a"] * len(rows)}).encode())


def asked(scene: Scene) -> RunningVersion:
    deployment = Deployment(
        service=NAME, version=1, desired="running", observed="ready", endpoint="http://127.0.0.1:1"
    )
    stored = Stored(deployment, NAME, number_key("deployment", 1))
    save(scene.ports.registry, stored, deployment, at=scene.now)
    schema = Schema((Column("x", "number"),)).to_json_schema()
    key = version_file_key(NAME, 1, "schema.json")
    scene.ports.objects.put(key, json.dumps(schema).encode())
    calling = Calling(scene.ports.registry, scene.ports.runtime, scene.ports.secrets)
    return RunningVersion(SimpleNamespace(service=NAME, objects=scene.ports.objects), 1, calling)


def test_a_call_that_was_turned_away_is_made_again(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(running_version, "PAUSE_SECONDS", 0)
    scene = Scene(tmp_path / "home", runtime=Crowded(3))
    assert asked(scene).ask(pd.DataFrame({"x": [1.0, 2.0]})).predictions == ["a", "a"]


def test_one_that_is_turned_away_for_long_ends_the_comparison(
    tmp_path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(running_version, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(running_version, "PATIENCE_SECONDS", -1)
    scene = Scene(tmp_path / "home", runtime=Crowded(1))
    with pytest.raises(ScorerHidden, match="Rate Exceeded"):
        asked(scene).ask(pd.DataFrame({"x": [1.0]}))
