"""The page of a feature is found whatever the column is named."""

from urllib.parse import unquote

import pytest

from scienceops.adapters.local import connect
from scienceops.app import App
from scienceops.config import Settings
from scienceops.web import create_app


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    return create_app(App(connect(settings), settings), settings).url_map.bind("127.0.0.1")


@pytest.mark.parametrize(
    "name", ["age", "a/b", "/a", "a//b", "a/", "two\nlines", "a?b#c", "a%2Fb", "é🎉", '<"`]>']
)
def test_its_path_leads_to_it(adapter, name):
    place = {"name": "iris", "feature": name}
    path = unquote(adapter.build("pages.feature", place))
    assert adapter.match(path) == ("pages.feature", place)
