"""The alerts ask for lines that the code writes, of tables that the deployment fills."""

import re
from pathlib import Path

import pytest
from bicep.files import BICEP, Expression, all_files

from scienceops.ports.message_queue import MAX_ATTEMPTS

FILES = all_files()
RULES = FILES[BICEP / "modules" / "alerts.bicep"].of("var")["rules"].value
QUERIES = sorted((BICEP / "queries").glob("*.kql"))
CODE = [
    path.read_text()
    for folder in ("shared/scienceops", "scorer_container", "functions")
    for path in (BICEP.parents[1] / folder).rglob("*.py")
]
#: Which category of a diagnostic setting, or which part, fills each table.
FILLED_BY = {
    "AppExceptions": "insights",
    "AppRequests": "insights",
    "AppTraces": "insights",
    "StorageQueueLogs": "StorageWrite",
    "AegDeliveryFailureLogs": "DeliveryFailures",
}


def test_there_is_an_alert_for_everything_that_a_person_must_know():
    assert {rule["name"] for rule in RULES} == {
        "errors", "queue-length", "queue-age", "poison", "failed-builds", "failed-statistics",
        "p99", "undelivered",
    }  # fmt: skip


def test_each_query_belongs_to_one_alert():
    asked = [re.search(r"queries/([\w-]+)\.kql", rule["asks"].text).group(1) for rule in RULES]
    assert sorted(asked) == [path.stem for path in QUERIES]


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_answers_with_the_value_that_is_compared(path):
    assert re.search(r"\bValue = ", path.read_text())


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_asks_tables_that_something_fills(path):
    text = re.sub(r"//.*", "", path.read_text())
    asked = set(re.findall(r"^\(?\s*\(?(\w+(?:Logs|Traces|Requests|Exceptions))\b", text, re.M))
    assert asked
    templates = "".join(file.path.read_text() for file in FILES.values())
    for table in asked:
        assert FILLED_BY[table] in templates


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_message_that_a_query_looks_for_is_one_that_the_code_logs(path):
    for message in re.findall(r'Message == "([^"]+)"', path.read_text()):
        assert any(f'"{message}"' in text for text in CODE), message


def test_a_threshold_is_a_number_or_a_parameter():
    params = FILES[BICEP / "modules" / "alerts.bicep"].of("param")
    for rule in RULES:
        most = rule["most"]
        assert isinstance(most, int) or (isinstance(most, Expression) and most.text in params)


def test_what_an_alert_says_of_poison_is_what_the_host_does():
    (poison,) = [rule for rule in RULES if rule["name"] == "poison"]
    assert MAX_ATTEMPTS == 5 and "five tries" in poison["tells"]


def test_the_docs_say_what_to_do_about_each_alert():
    page = (Path(BICEP).parents[1] / "docs" / "azure.md").read_text()
    assert {rule["name"] for rule in RULES} <= set(re.findall(r"^\| `([\w-]+)` \|", page, re.M))


def test_slow_calls_are_found_by_their_address_for_a_request_s_name_is_its_route():
    text = (BICEP / "queries" / "p99.kql").read_text()
    assert "Name has" not in text.replace("AppRoleName", "")
    assert 'Url has "/api/v1/service/"' in text
