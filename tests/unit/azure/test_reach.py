"""Inside an image the bucket is reached by what the image was told to install, and no more."""

import json
import os
import subprocess
import sys

import pytest
from packaging.requirements import Requirement

from scienceops.adapters.oci.build_context import REACH, scorer_requirements
from scienceops.doctor.packages import MODULES

#: SDKs that ScienceOps uses on Azure, and the module by which each is imported.
SDKS = {
    name: module
    for name, module in MODULES.items()
    if name.startswith("azure-") or name == "databricks-sdk"
} | {"sqlalchemy": "sqlalchemy"}
CODE = """
import json, sys
missing = set(json.loads(sys.argv[1]))

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name in missing:
            raise ModuleNotFoundError(f"{name} is not installed in the image")

sys.meta_path.insert(0, NotInstalled())
from scienceops.config import load_settings
from scienceops.adapters.azure import connect_objects
import scienceops.adapters.azure.run_job
connect_objects(load_settings())
"""


@pytest.mark.parametrize("emulator", ["", "1,2,3"], ids=["account", "emulator"])
def test_the_bucket_is_connected_without_any_other_sdk(emulator: str) -> None:
    named = [*scorer_requirements("azure"), *REACH["azure"][1]]
    installed = {Requirement(line).name for line in named}
    missing = sorted({module for name, module in SDKS.items() if name not in installed})
    settings = {
        "SCIENCEOPS_CLOUD": "azure",
        "SCIENCEOPS_AZURE_STORAGE_ACCOUNT": "storage",
        "SCIENCEOPS_AZURE_IDENTITY": "11111111-0000-0000-0000-000000000000",
        "SCIENCEOPS_AZURE_EMULATOR": emulator,
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(missing)],
        env={**os.environ, **settings, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
