"""Reading packages is a function's work: it may not load the libraries that only models need."""

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
    program = f"import sys, {module}; print([n for n in {heavy!r} if n in sys.modules])"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, env=environment, capture_output=True, text=True
    )
    assert found.stdout.strip() == "[]"
