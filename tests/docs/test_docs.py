"""The docs say what the code does."""

import re
from pathlib import Path

import pytest

from scienceops.cli.main import COMMANDS
from scienceops.config import setting_names
from scienceops.core.stats.catalogue import STATISTICS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_every_setting_has_its_row():
    page = (ROOT / "docs/settings.md").read_text()
    rows = set(re.findall(r"^\| `SCIENCEOPS_(\w+)`", page, re.M))
    assert rows == {name.upper() for name in setting_names()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_shows_exists(page):
    shown = set(re.findall(r"^\s*(?:\.venv/bin/)?scienceops (\w+)", page.read_text(), re.M))
    assert shown <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    "statistic", ["mean", "psi", "rate_of_change", "mann_whitney_p", "verdict"]
)
def test_the_statistics_that_others_rely_on_are_in_the_catalogue(statistic):
    assert statistic in STATISTICS
