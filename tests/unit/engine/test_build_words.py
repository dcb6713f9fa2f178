"""A build that the engine follows: what people are told of it."""

import pytest

from scienceops.adapters.engine.environment_images import follow_build
from scienceops.errors import BuildFailed

STEP = "Step 6/23 : RUN pip install --requirement requirements.txt"
FAILED = {"error": f"The command '/bin/sh -c {STEP}' returned a non-zero code: 1"}
PIP = "\x1b[91mERROR: no version of churn==9.9\nERROR: no distribution of churn\n\x1b[0m"


def reason(*streams):
    with pytest.raises(BuildFailed) as failed:
        follow_build(iter([*({"stream": text} for text in streams), FAILED]))
    return str(failed.value)


def test_a_build_that_fails_gives_the_reason_of_pip():
    assert reason(STEP, PIP) == f"install the requirements ({STEP}): no version of churn==9.9"


def test_an_error_of_a_step_that_went_on_is_not_the_reason_of_a_later_one():
    assert "returned a non-zero code" in reason(STEP, PIP, "Step 7/23 : RUN python lean.py")


def test_the_log_has_no_codes_of_colours(capsys):
    reason(STEP, PIP)
    told = capsys.readouterr()
    assert "ERROR: no version of churn==9.9" in told.out + told.err
    assert "\x1b" not in told.out + told.err
