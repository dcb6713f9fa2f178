"""Commands that were told too little say what is missing, and do nothing."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["flag", "iris", "wrong"], "--from DAY [--to DAY], or --request ID"),
        (["retrain", "iris", "--wait"], "give --from DAY and --to DAY"),
    ],
)
def test_what_is_missing_is_named(words, says, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "from scienceops.cli.main import main; main()", *words],
        env={"SCIENCEOPS_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert says in done.stderr
