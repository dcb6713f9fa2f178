"""checkov on the templates: what it finds is what was looked at and accepted, with a reason."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bicep.accepted import ACCEPTED
from bicep.files import BICEP

CHECKOV = Path(__file__).parents[2] / ".emulators" / "checkov" / "bin" / "checkov"

OPEN = """
resource open 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: 'open'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    supportsHttpsTrafficOnly: false
    minimumTlsVersion: 'TLS1_0'
    allowBlobPublicAccess: true
  }
}
"""


def documents(text: str) -> Iterator[dict[str, Any]]:
    """The JSON documents of a text that has one after the other: one for each folder."""
    while text := text.lstrip():
        document, end = json.JSONDecoder().raw_decode(text)
        yield document
        text = text[end:]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """(check, resource) of every failed check, of our templates and of one that is wide open."""
    if not CHECKOV.exists():
        if os.environ.get("REQUIRE_EMULATORS"):
            pytest.fail(f"{CHECKOV} is missing: make .emulators/checkov-ready")
        pytest.skip("checkov is not installed: make .emulators/checkov-ready")
    bad = tmp_path_factory.mktemp("bad")
    (bad / "open.bicep").write_text(OPEN)
    # It takes long to start, so it looks at both at once.
    told = subprocess.run(
        [
            *(CHECKOV, "--framework", "bicep", "--skip-download", "--quiet", "--compact"),
            *("--directory", BICEP, "--directory", bad, "--output", "json", "--soft-fail"),
        ],
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    reports = list(documents(told.stdout.decode()))
    assert not [one for report in reports for one in report["results"].get("parsing_errors", ())]
    return {
        (one["check_id"], one["resource"].removeprefix("Microsoft.").partition("/")[2])
        for report in reports
        for one in report["results"]["failed_checks"]
    }


def test_it_finds_nothing_that_was_not_accepted_with_a_reason(found):
    ours = {one for one in found if not one[1].endswith(".open")}
    assert ours == set(ACCEPTED)


def test_it_finds_what_is_wide_open(found):
    told = {check for check, resource in found if resource == "storageAccounts.open"}
    assert told >= {"CKV_AZURE_3", "CKV_AZURE_44"}
