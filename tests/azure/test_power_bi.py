"""The semantic model names nothing that is not there. Power BI itself is not run here."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bicep.files import BICEP, read_file

from scienceops.adapters.sql.views import VIEWS
from scienceops.azure_settings import AzureSettings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra/powerbi"
MODEL = FOLDER / "ScienceOps.SemanticModel/definition"
DOCS = (ROOT / "docs/power-bi.md").read_text()
BY_NAME = {view.name: view for view in VIEWS}

COLUMN = re.compile(
    r"^\t/// (?P<about>.+)\n\tcolumn (?P<name>\w+)\n\t\tdataType: (?P<type>\w+)\n"
    r"(?:\t\t(?:isKey|formatString: .+)\n)*\t\tsummarizeBy: none\n"
    r"\t\tsourceColumn: (?P<source>\w+)$",
    re.M,
)
MEASURE = re.compile(
    r"^\t/// (?P<about>.+)\n\tmeasure '(?P<name>[^']+)' =(?P<dax>(?: .+|(?:\n\t\t\t.+)+))", re.M
)
ITEM = re.compile(r'Item = "(\w+)"')
TYPES = {"string", "int64", "double", "dateTime"}


class Table:
    """One table of the model, as far as it is checked."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text()
        found = re.search(r"^table (\w+)$", self.text, re.M)
        assert found is not None
        self.name = found[1]
        self.columns = {m["name"]: m for m in COLUMN.finditer(self.text)}
        self.measures = {m["name"]: m for m in MEASURE.finditer(self.text)}
        [self.view] = ITEM.findall(self.text)


TABLES = {table.name: table for table in map(Table, sorted((MODEL / "tables").glob("*.tmdl")))}
MEASURES = [(t, m) for t in TABLES.values() for m in t.measures.values()]


def references(dax: str) -> Iterator[tuple[str, str]]:
    """(table, column) and ('', measure) of each reference."""
    yield from re.findall(r"\b(\w+)?\[([^\]]+)\]", dax)


def test_there_is_a_table_for_each_view_and_the_model_lists_them():
    assert sorted(table.view for table in TABLES.values()) == sorted(BY_NAME)
    listed = re.findall(r"^ref table (\w+)$", (MODEL / "model.tmdl").read_text(), re.M)
    assert sorted(listed) == sorted(TABLES)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_has_the_columns_of_its_view_with_their_meanings(table):
    view = BY_NAME[table.view]
    assert {name: m["about"] for name, m in table.columns.items()} == dict(view.columns)
    assert all(m["source"] == name for name, m in table.columns.items())
    assert {m["type"] for m in table.columns.values()} <= TYPES
    assert table.text.count("\tcolumn ") == len(table.columns)
    assert table.text.count("\tmeasure ") == len(table.measures)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_table_asks_the_database_itself(table):
    assert "\t\tmode: directQuery\n" in table.text
    assert "Sql.Database(Server, Database)" in table.text
    parameters = re.findall(r"^expression (\w+) =", (MODEL / "expressions.tmdl").read_text(), re.M)
    assert parameters == ["Server", "Database"]


@pytest.mark.parametrize(
    ("table", "measure"), MEASURES, ids=lambda x: getattr(x, "name", "") or x["name"]
)
def test_a_measure_names_columns_and_measures_that_exist(table, measure):
    known = {name for each in TABLES.values() for name in each.measures}
    found = list(references(measure["dax"]))
    assert found
    for owner, name in found:
        if owner:
            assert name in TABLES[owner].columns
        else:
            assert name in known
    assert measure["dax"].count("(") == measure["dax"].count(")")
    assert f"| `{table.name}` | {measure['name']} | {measure['about']} |" in DOCS


def test_what_was_asked_for_is_measured():
    assert {"Count ratio", "Coefficient of variation", "Latest verdict"} <= {
        m["name"] for _, m in MEASURES
    }


def test_relationships_lead_from_facts_to_models_and_days():
    text = (MODEL / "relationships.tmdl").read_text()
    found = re.findall(r"fromColumn: (\w+)\.(\w+)\n\ttoColumn: (\w+)\.(\w+)", text)
    assert len(found) == text.count("relationship ") == 8
    for owner, column, target, key in found:
        assert column in TABLES[owner].columns
        assert "isKey" in TABLES[target].columns[key][0]
        assert column == key


def test_the_connection_is_a_direct_query():
    [connection] = json.loads((FOLDER / "ScienceOps.pbids").read_text())["connections"]
    assert connection["mode"] == "DirectQuery"
    assert connection["details"]["protocol"] == "tds"


def test_the_database_has_one_name_in_power_bi_in_the_settings_and_in_what_is_deployed():
    [connection] = json.loads((FOLDER / "ScienceOps.pbids").read_text())["connections"]
    expressions = (MODEL / "expressions.tmdl").read_text()
    [parameter] = re.findall(r'^expression Database = "(\w+)"', expressions, re.M)
    [told] = re.findall(r"where yours is not `(\w+)`", DOCS)
    deployed = read_file(BICEP / "modules/sql.bicep").of("resource")["database"].body["name"]
    names = {
        "the connection": connection["details"]["address"]["database"],
        "the semantic model": parameter,
        "docs/power-bi.md": told,
        "the setting": AzureSettings().sql_database,
    }
    assert names == dict.fromkeys(names, deployed)


def test_the_page_tells_every_view_and_names_only_what_exists():
    for view in VIEWS:
        rows = "".join(f"| `{name}` | {about} |\n" for name, about in view.columns.items())
        assert rows in DOCS
    for owner, name in re.findall(r"`(\w+)\[(\w+)\]`", DOCS):
        assert name in TABLES[owner].columns
    assert "was not opened in Power BI Desktop" in DOCS
