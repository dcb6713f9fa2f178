"""What starts often, a function or a command, loads no library that it has no use for."""

import subprocess
import sys

import pytest

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


def loaded_by(program, heavy):
    """Which of these modules a process has loaded once it has run the program."""
    program += f"\nimport sys; print([n for n in {heavy!r} if n in sys.modules])"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, env=environment, capture_output=True, text=True
    )
    return found.stdout.strip()
