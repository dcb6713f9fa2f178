"""checkov on the templates: what it finds is what was looked at and accepted, with a reason."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from bicep.accepted import ACCEPTED
from bicep.files import BICEP

CHECKOV = Path(__file__).parents[2] / ".emulators" / "checkov" / "bin" / "checkov"

#: Looks at how accounts are named, and takes the parameter `name` for a name in one run of several.
LEFT_OUT = "CKV_AZURE_43"

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


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """(check, resource) of every failed check, of our templates and of one that is wide open."""
    if not CHECKOV.exists():
        if os.environ.get("REQUIRE_EMULATORS"):
            pytest.fail(f"{CHECKOV} is missing: make .emulators/ready")
        pytest.skip("checkov is not installed: make .emulators/ready")
    # It takes long to start, so it looks at both at once.
    both = shutil.copytree(BICEP, tmp_path_factory.mktemp("both") / "bicep")
    (both / "open.bicep").write_text(OPEN)
    told = subprocess.run(
        [
            *(CHECKOV, "--framework", "bicep", "--skip-download", "--quiet", "--compact"),
            *("--directory", both, "--output", "json", "--soft-fail"),
            *("--skip-check", LEFT_OUT),
        ],
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    report = json.loads(told.stdout)
    assert report["summary"]["parsing_errors"] == 0
    return {
        (one["check_id"], one["resource"].removeprefix("Microsoft.").partition("/")[2])
        for one in report["results"]["failed_checks"]
    }


def test_it_finds_nothing_that_was_not_accepted_with_a_reason(found):
    ours = {one for one in found if not one[1].endswith(".open")}
    assert ours == set(ACCEPTED)


def test_it_finds_what_is_wide_open(found):
    told = {check for check, resource in found if resource == "storageAccounts.open"}
    assert told >= {"CKV_AZURE_3", "CKV_AZURE_44"}
