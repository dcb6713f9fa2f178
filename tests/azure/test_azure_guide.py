"""docs/azure.md names what there is, and what it says of going back and of the vault holds."""

import re
from importlib.util import find_spec
from pathlib import Path

from bicep.files import BICEP, read_file

from scienceops.core.versions import Service

GUIDE = (Path(__file__).parents[2] / "docs/azure.md").read_text()
MAIN = read_file(BICEP / "main.bicep")


def section(title: str) -> str:
    """The text below a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", GUIDE, re.M | re.S)
    assert found is not None, title
    return found[1]


def test_every_output_that_the_guide_asks_for_is_one():
    asked = set(re.findall(r"\$\(told (\w+)\)", GUIDE))
    assert len(asked) >= 5
    assert asked <= set(MAIN.of("output"))


def test_every_module_that_the_guide_runs_is_there():
    named = set(re.findall(r"python -m (infra[.\w]+)", GUIDE))
    assert "infra.azure.cluster_policy" in named
    assert {name for name in named if find_spec(name) is None} == set()


def test_the_parameters_of_the_cluster_are_those_of_the_template():
    told = re.findall(r"^param (\w+) = '\.\.\.'$", section("Statistics"), re.M)
    assert told == ["sparkPrincipalId", "databricksPolicy"]
    assert set(told) <= set(MAIN.of("param"))


def test_the_vault_that_is_taken_back_is_kept_as_long_as_the_guide_says():
    properties = read_file(BICEP / "modules/vault.bicep").of("resource")["vault"].body["properties"]
    days = properties["softDeleteRetentionInDays"]
    assert f"Within those {days} days" in section("Deploying again after `--with-data`")
    assert properties["enablePurgeProtection"] is True


def test_a_price_is_dated_and_each_service_has_the_page_that_it_is_listed_on():
    text = section("What it costs")
    assert "as we knew them in November 2025" in text
    pages = re.findall(r"https://azure\.microsoft\.com/pricing/details/([\w/-]+)/\)", text)
    assert len(pages) == len(set(pages)) == 13


def test_an_earlier_release_keeps_a_field_that_it_does_not_know_and_a_later_one_fills_it_in():
    # What `Going back` says of the field of a record that only the newer release writes.
    assert "kept as they are; the field decides nothing" in section("Going back")
    written = Service(name="iris").to_body()
    later = {**written, "of_a_later_release": 1}
    assert Service.model_validate(later).changed(live=2).to_body() == {**later, "live": 2}
    earlier = {"name": "iris"}
    assert Service.model_validate(earlier) == Service(name="iris")
