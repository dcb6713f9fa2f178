"""Bicep sets what config.py reads, and gives the doors the queues that they listen to."""

import re
from pathlib import Path

import pytest
from bicep.files import BICEP, all_files, literals
from bicep.settings import app_settings, setting_faults
from emulators.functions_host import NO_HOMEPAGE

from scienceops.azure_settings import AzureSettings
from scienceops.config import Settings, setting_names
from scienceops.core.names import CAPTURES, LABELS, PACKAGES

FILES = all_files()
MODULES = BICEP / "modules"
#: What an instance of Flex Consumption has for files. Source: Microsoft, functions-limits.md.
TEMPORARY_BYTES = 800_000_000
#: Settings that are empty unless somebody wants something else than what is deployed here.
NOT_SET = {
    "azure_emulator": "stands in for a storage account, on a developer's machine",
    "azure_sql_url": "another database than the one that is deployed",
}


def needed() -> list[str]:
    """What Azure's adapters cannot do without: settings whose default is nothing."""
    return [
        f"azure_{name}"
        for name, field in AzureSettings.model_fields.items()
        if not field.default and field.annotation is str and f"azure_{name}" not in NOT_SET
    ]


def test_every_setting_that_bicep_sets_is_read_and_every_one_needed_is_set():
    given = app_settings(FILES[MODULES / "functions.bicep"])
    wanted = ["cloud", "environment", "images", "public_url", *needed()]
    assert setting_faults(given, setting_names(), wanted) == []


def test_an_instance_answers_as_many_calls_at_once_as_it_has_threads():
    functions = FILES[MODULES / "functions.bicep"]
    config = functions.of("resource")["app"].body["properties"]["functionAppConfig"]
    calls = config["scaleAndConcurrency"]["triggers"]["http"]["perInstanceConcurrency"]
    threads = app_settings(functions)["PYTHON_THREADPOOL_THREAD_COUNT"]
    assert (calls.text, threads.text) == ("callsAtOnce", "string(callsAtOnce)")


def test_a_package_that_is_accepted_has_room_where_a_door_reads_it():
    given = app_settings(FILES[MODULES / "functions.bicep"])
    largest = given.get("SCIENCEOPS_UPLOAD_LIMIT_BYTES", Settings().upload_limit_bytes)
    assert int(largest) < TEMPORARY_BYTES


def test_the_first_page_is_ours_and_not_the_host_s():
    settings = app_settings(FILES[MODULES / "functions.bicep"])
    assert settings[NO_HOMEPAGE] == "true"


def test_no_app_setting_holds_a_key():
    given = app_settings(FILES[MODULES / "functions.bicep"])
    assert not [
        text for text in literals(given) if re.search(r"listKeys|AccountKey|[Pp]assword", text)
    ]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"SCIENCEOPS_CLOUD": "azure"}, ""),
        ({}, "SCIENCEOPS_CLOUD is not set"),
        ({"SCIENCEOPS_CLOUD": "azure", "SCIENCEOPS_CLOWD": "x"}, "SCIENCEOPS_CLOWD is no setting"),
    ],
)
def test_a_setting_that_is_missing_or_misspelt_is_told(given, fault):
    faults = setting_faults(given, ["cloud"], ["cloud"])
    assert faults == [] if not fault else fault in "\n".join(faults)


def test_every_place_that_a_door_watches_is_told_of_by_an_event():
    subscriptions = FILES[MODULES / "events.bicep"].of("var")["subscriptions"].value
    told = {(found["name"] + "/", found["queue"]) for found in subscriptions}
    assert told == {(PACKAGES, "uploads"), (CAPTURES, "captured"), (LABELS, "captured")}


def test_every_queue_that_is_told_or_listened_to_is_made():
    made = set(FILES[MODULES / "storage.bicep"].of("var")["queueNames"].value)
    source = Path(__file__).parents[2] / "functions" / "azure" / "function_app.py"
    listened = (
        set(re.findall(r'queue_name="(\w+)"', source.read_text())) if source.exists() else set()
    )
    subscriptions = FILES[MODULES / "events.bicep"].of("var")["subscriptions"].value
    assert listened | {found["queue"] for found in subscriptions} | {"work", "captures"} <= made
