"""The description of a service is for anyone; its sample and ranges are somebody's data."""

from functools import reduce

import pytest
from support_pack import ROWS, package_bytes

from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.core.versions import Service
from scienceops.usecases.records import find, save
from scienceops.web import create_app

PATH = "/api/v1/service/iris"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    home = {"SCIENCEOPS_HOME": str(tmp_path_factory.mktemp("home"))}
    app = build_app(load_settings(home))
    app.ports.objects.put("packages/iris/a.zip", package_bytes())
    app.register_upload("packages/iris/a.zip")
    stored = find(app.ports.registry, "iris", "service", Service)
    live = stored.value.model_copy(update={"live": 1})
    save(app.ports.registry, stored, live, at=app.clock())
    return app


@pytest.fixture
def described(app):
    """What a call may send, as the description tells it to a caller."""

    def look(key="", **call):
        client = create_app(app, app.settings).test_client()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        reply = client.get(f"{PATH}/openapi.json", headers=headers, **call)
        body = reply.get_json()["paths"][f"{PATH}/score"]["post"]["requestBody"]
        return body["content"]["application/json"]

    return look


@pytest.fixture
def example(described):
    """The rows that the description shows to a caller."""
    return lambda key="", **call: described(key, **call).get("example", {}).get("input_df")


@pytest.fixture
def columns(described):
    """The columns, as the description tells them to a caller."""
    rows = "schema", "properties", "input_df", "items", "properties"
    return lambda key="", **call: reduce(dict.__getitem__, rows, described(key, **call))


FAR = {"base_url": "https://ml.example.com"}


@pytest.mark.parametrize("key", ["", "so_wrong"])
def test_who_is_not_known_sees_no_row(example, key):
    assert example(key, **FAR) is None


def test_who_is_not_known_sees_columns_without_what_training_saw(app, columns):
    assert columns(**FAR)["length"] == {"type": "number"}
    key = app.create_key("iris", None, "owner")["key"]
    assert columns(key, **FAR)["length"]["x-maximum"] == 9.0


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_look_sees_one(app, example, role):
    token = app.upkeep.create_token(role, role, "owner")["token"]
    assert example(token, **FAR) == ROWS[:1]


def test_who_has_a_key_of_the_service_sees_one(app, example):
    key = app.create_key("iris", None, "owner")["key"]
    assert example(key, **FAR) == ROWS[:1]


def test_who_sits_at_the_machine_sees_one(example):
    assert example(base_url="http://127.0.0.1:8400") == ROWS[:1]
