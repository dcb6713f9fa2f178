"""The page of a feature is found whatever the column is named."""

from urllib.parse import parse_qs, unquote

import pytest
from werkzeug.routing import MapAdapter

from scienceops.adapters.local import connect
from scienceops.app import App
from scienceops.config import Settings
from scienceops.web import create_app

NAMES = ["age", "a/b", "/a", "a//b", "a/", "two\nlines", "a?b#c", "a%2Fb", "é🎉", '<"`]>', "a&b=c+"]


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    return create_app(App(connect(settings), settings), settings).url_map.bind("127.0.0.1")


def as_sent(path: str) -> str:
    """What a server that we start ourselves makes of a path. Source: PEP 3333."""
    return unquote(path)


def by_api_gateway(path: str) -> str:
    """What the door on AWS has of it: an HTTP API decodes a path, and ends it at a `?`; then
    serverless-wsgi decodes it, too."""
    return unquote(unquote(path).partition("?")[0])


@pytest.mark.parametrize("passed", [as_sent, by_api_gateway])
@pytest.mark.parametrize("name", NAMES)
def test_its_link_leads_to_it(adapter: MapAdapter, name, passed):
    link = adapter.build("pages.feature", {"name": "iris", "feature": name, "version": 3})
    path, _, query = link.partition("?")
    assert adapter.match(passed(path)) == ("pages.feature", {"name": "iris"})
    assert parse_qs(query) == {"feature": [name], "version": ["3"]}
