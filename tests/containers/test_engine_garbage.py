"""What an engine holds for a home and nothing needs is found, explained and deleted."""

import io
from datetime import UTC, datetime, timedelta

import pytest

from containers.laboratory import PYTHON
from infra.local.engine import BASE
from scienceops.adapters.engine.garbage import EngineGarbage
from scienceops.core.garbage import InUse

NOTHING = InUse(frozenset(), frozenset(), frozenset(), frozenset(), frozenset())
MONTH = timedelta(days=30)


@pytest.fixture
def left_behind(laboratory, tmp_path):
    """An image and a container of a home that is gone, and those of another home."""
    client = laboratory.connect()
    try:
        for name, owner in (("ours", tmp_path), ("others", "/another/home")):
            labels = {"io.scienceops.owner": str(owner)}
            text = f"FROM {BASE.format(python=PYTHON)}\nENV NAME={name}\n".encode()
            tag = f"scienceops-training:{name}"
            client.images.build(fileobj=io.BytesIO(text), tag=tag, labels=labels, rm=True)
            client.api.create_container(tag, "true", name=f"left-{name}", labels=labels)
        yield client
        for name in ("ours", "others"):
            if client.containers.list(all=True, filters={"name": f"left-{name}"}):
                client.api.remove_container(f"left-{name}")
            if client.images.list(f"scienceops-training:{name}"):
                client.images.remove(f"scienceops-training:{name}")
    finally:
        client.close()


def found(garbage, after):
    items = garbage.find(NOTHING, datetime.now(UTC) + after, MONTH)
    return {item.kind: item for item in items}


def test_what_was_left_is_found_once_it_is_old_and_deleted(laboratory, left_behind, tmp_path):
    garbage = EngineGarbage(laboratory.settings(tmp_path))
    assert found(garbage, timedelta()) == {}
    after_hours = found(garbage, timedelta(hours=2))
    assert set(after_hours) == {"container"}
    assert after_hours["container"].name == "left-ours"
    assert garbage.delete(after_hours["container"])
    after_months = found(garbage, timedelta(days=60))
    assert set(after_months) == {"image"}
    assert garbage.delete(after_months["image"])
    assert found(garbage, timedelta(days=60)) == {}
    assert left_behind.images.list("scienceops-training:others")
    assert left_behind.containers.list(all=True, filters={"name": "left-others"})


def test_without_an_engine_nothing_is_found(tmp_path, laboratory):
    away = laboratory.settings(tmp_path).model_copy(update={"engine": "unix:///no/such.sock"})
    assert EngineGarbage(away).find(NOTHING, datetime.now(UTC), MONTH) == []
