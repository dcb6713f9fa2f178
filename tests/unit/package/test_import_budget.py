"""What starts often, a function or a command, loads no library that it has no use for."""

import subprocess
import sys

import pytest

from scienceops.bootstrap import connect
from scienceops.config import load_settings
from scienceops.errors import BadSetting

AZURE = {
    "SCIENCEOPS_CLOUD": "azure",
    "SCIENCEOPS_AZURE_STORAGE_ACCOUNT": "storage",
    "SCIENCEOPS_AZURE_IDENTITY": "system",
    "SCIENCEOPS_AZURE_SQL_SERVER": "statistics.database.windows.net",
    "SCIENCEOPS_AZURE_KEY_VAULT": "vault",
    "SCIENCEOPS_AZURE_SUBSCRIPTION": "11111111-0000-0000-0000-000000000000",
    "SCIENCEOPS_AZURE_RESOURCE_GROUP": "group",
    "SCIENCEOPS_AZURE_LOCATION": "westeurope",
    "SCIENCEOPS_AZURE_APP_ENVIRONMENT": "environment",
    "SCIENCEOPS_IMAGES": "registry.azurecr.io/scienceops",
}
HEAVY = ("numpy", "pandas", "pyarrow", "sklearn", "skops", "joblib", "flask")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("scienceops.core.package", HEAVY),
        ("scienceops.cli.pack", HEAVY),
        ("scienceops.running", ("sklearn", "skops", "joblib", "pyarrow", "flask")),
    ],
)
def test_importing_it_loads_none_of_them(module, heavy):
    assert loaded_by(f"import {module}", heavy) == "[]"


def test_a_command_that_asks_for_no_statistics_loads_nothing_that_speaks_sql(tmp_path):
    program = f"""
from scienceops.bootstrap import build_app
from scienceops.config import load_settings
app = build_app(load_settings({{"SCIENCEOPS_HOME": {str(tmp_path)!r}}}))
assert app.services() == []
"""
    assert loaded_by(program, (*HEAVY, "sqlalchemy")) == "[]"


def test_a_function_on_azure_that_asks_for_no_statistics_loads_nothing_that_speaks_sql():
    program = f"""
from scienceops.bootstrap import connect
from scienceops.config import load_settings
connect(load_settings({AZURE!r}))
"""
    assert loaded_by(program, ("sqlalchemy", "pyodbc")) == "[]"


def test_a_function_on_azure_that_begins_no_spark_neither_loads_nor_asks_databricks():
    given = {**AZURE, "SCIENCEOPS_AZURE_DATABRICKS_HOST": "http://127.0.0.1:9"}
    program = f"""
from scienceops.bootstrap import build_app
from scienceops.config import load_settings
build_app(load_settings({given!r}))
"""
    assert loaded_by(program, ("databricks",)) == "[]"


def test_it_is_told_at_once_that_a_database_is_missing():
    settings = load_settings({**AZURE, "SCIENCEOPS_AZURE_SQL_SERVER": ""})
    with pytest.raises(BadSetting, match="SCIENCEOPS_AZURE_SQL_SERVER is not set"):
        connect(settings)


def loaded_by(program, heavy):
    """Which of these modules a process has loaded once it has run the program."""
    program += f"\nimport sys; print([n for n in {heavy!r} if n in sys.modules])"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, env=environment, capture_output=True, text=True
    )
    return found.stdout.strip()
