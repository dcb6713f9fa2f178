"""The table of HTTP routes is that of the app."""

import re
from pathlib import Path

from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.web import create_app

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def test_every_route_has_its_row_and_every_row_its_route(tmp_path):
    settings = load_settings({"SCIENCEOPS_HOME": str(tmp_path)})
    routes = {
        (method, rule.rule)
        for rule in create_app(build_app(settings), settings).url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    assert set(re.findall(r"^\| ([A-Z]+) \| `([^`]+)`", PAGE, re.M)) == routes
