"""The list of hashed keys that scorers read: in line with keys and policy, whatever happens."""

import json
from datetime import UTC, datetime

import pytest
from meanwhile import meanwhile

from scienceops.adapters.local import connect
from scienceops.app import App
from scienceops.config import load_settings
from scienceops.core.access import hash_key
from scienceops.core.names import access_key
from scienceops.core.versions import Service
from scienceops.errors import ObjectNotFound
from scienceops.usecases.records import Stored, save

NOW = datetime(2026, 11, 25, tzinfo=UTC)
KEY = access_key("iris")


@pytest.fixture
def app(tmp_path):
    settings = load_settings({"SCIENCEOPS_HOME": str(tmp_path)})
    app = App(connect(settings), settings, lambda: NOW)
    save(
        app.ports.registry,
        Stored(Service(name="iris"), "iris", "service"),
        Service(name="iris"),
        at=NOW,
    )
    return app


def listed(app):
    return json.loads(app.ports.objects.get(KEY))["key_sha256"]


def test_nothing_is_written_while_nobody_asks_for_direct_calls(app):
    app.create_key("iris", None, "eva")
    app.tick()
    with pytest.raises(ObjectNotFound):
        listed(app)


def test_the_list_follows_keys_and_policy(app):
    first = app.create_key("iris", "primary", "eva")["key"]
    app.decisions.change_policy("iris", {"direct": "true"}, "eva")
    assert listed(app) == [hash_key(first)]
    second = app.create_key("iris", "secondary", "eva")["key"]
    assert listed(app) == sorted([hash_key(first), hash_key(second)])
    app.revoke_key("iris", "primary", "eva")
    assert listed(app) == [hash_key(second)]
    app.decisions.change_policy("iris", {"direct": "false"}, "eva")
    assert listed(app) == []


def test_a_platform_that_died_before_it_could_write_is_put_right_by_the_clock(app):
    key = app.create_key("iris", "primary", "eva")["key"]
    app.decisions.change_policy("iris", {"direct": "true"}, "eva")
    app.ports.objects.put(KEY, b'{"key_sha256": ["old"]}')
    app.tick()
    assert listed(app) == [hash_key(key)]
    info = app.ports.objects.stat(KEY)
    app.tick()
    assert app.ports.objects.stat(KEY) == info


def test_a_key_that_is_revoked_while_the_list_is_written_is_not_on_it(app, monkeypatch):
    app.decisions.change_policy("iris", {"direct": "true"}, "eva")
    app.create_key("iris", "primary", "eva")
    # Whoever makes the second key has read the service with the first one still in it.
    meanwhile(
        monkeypatch, app.ports.objects, "put", lambda: app.revoke_key("iris", "primary", "ann")
    )
    second = app.create_key("iris", "secondary", "eva")["key"]
    assert listed(app) == [hash_key(second)]
