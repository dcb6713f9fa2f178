"""What a retraining may read is written down from the days it chose, however much else there is."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from retraining_scene import NAME, Scene
from watched_bucket import WatchedBucket

from scienceops.core.names import Partition
from scienceops.core.retraining import read_selection
from scienceops.errors import BadInput
from scienceops.usecases import captured_places
from scienceops.usecases.freeze_order import freeze_order
from scienceops.usecases.records import read_version

SELECTION = read_selection({"since": "2026-11-16", "until": "2026-11-17"})
CHOSEN = [Partition(NAME, number, SELECTION.since) for number in (1, 2)]
OTHERS = [Partition(NAME, 1, SELECTION.since + timedelta(days=n)) for n in (-40, -1, 2)]


@pytest.fixture
def full(scene: Scene) -> Scene:
    """A service with two versions and captures of days before, in and after the selection."""
    manifest = {"target": "species", "task": "classification"}
    scene.version(1, manifest=manifest)
    scene.version(2, manifest=manifest)
    for place in (*CHOSEN, *OTHERS):
        scene.ports.objects.put(place.segment_key("a", 0), b"rows")
    return scene


def frozen(scene: Scene) -> dict[str, Any]:
    base = read_version(scene.ports.registry, NAME, 1).value
    key = freeze_order(scene.retraining(), SELECTION, base, scene.ports)
    order: dict[str, Any] = json.loads(scene.ports.objects.get(key))
    return order


def test_an_order_lists_no_days_but_those_that_were_chosen(full: Scene):
    watched = WatchedBucket(full.ports.objects)
    full.ports = replace(full.ports, objects=watched)
    order = frozen(full)
    assert [(p["version"], p["keys"]) for p in order["partitions"]] == [
        (place.version, [place.segment_key("a", 0)]) for place in CHOSEN
    ]
    assert {Partition.of_key(key) for key in watched.listed} == set(CHOSEN)


def test_an_order_of_very_many_days_is_the_same(full: Scene, monkeypatch: pytest.MonkeyPatch):
    wanted = frozen(full)
    monkeypatch.setattr(captured_places, "MOST_PLACES", 3)
    assert frozen(full) == wanted


def test_an_order_of_days_without_captures_says_which_days_have_some(full: Scene):
    never = SELECTION.model_copy(update={"since": date(2026, 12, 1), "until": date(2026, 12, 2)})
    base = read_version(full.ports.registry, NAME, 1).value
    with pytest.raises(BadInput, match="from 2026-10-07 to 2026-11-18"):
        freeze_order(full.retraining(), never, base, full.ports)
