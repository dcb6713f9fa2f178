"""Installer error: one line of what uv and pip print when they fail, as both have printed it."""

import pytest

from scienceops.adapters.local.installer_error import MOST_LETTERS, installer_error

UV = """\
warning: nothing to worry about
error: No solution found when resolving dependencies
  cause: Because churn was not found in the package registry and you require churn==9.9, we can \
conclude that your requirements are unsatisfiable.
"""
BRANCHES = """\
  × No solution found when resolving dependencies:
  ╰─▶ Because churn<2 was not found and you require churn > 1,
      your requirements are unsatisfiable.

      hint: another index may have it
"""
PIP = """\
  Preparing metadata: started
ERROR: Could not find a version that satisfies the requirement churn==9.9 (from versions: 1.0)
ERROR: No matching distribution found for churn==9.9
"""


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        (
            UV,
            "No solution found when resolving dependencies: Because churn was not found in the "
            "package registry and you require churn==9.9, we can conclude that your requirements "
            "are unsatisfiable.",
        ),
        (
            BRANCHES,
            "No solution found when resolving dependencies: Because churn<2 was not found and you "
            "require churn > 1, your requirements are unsatisfiable.",
        ),
        (
            PIP,
            "Could not find a version that satisfies the requirement churn==9.9 "
            "(from versions: 1.0)",
        ),
        ("Resolved 3 packages\n", ""),
        ("", ""),
    ],
)
def test_an_error_is_told_with_its_cause_in_one_line(printed, told):
    assert installer_error(printed.splitlines()) == told


def test_an_error_that_is_long_is_cut():
    told = installer_error([f"error: {'x' * 5000}"])
    assert len(told) == MOST_LETTERS
    assert told.endswith("x…")
