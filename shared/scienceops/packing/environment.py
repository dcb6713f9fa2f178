"""Environment: the requirements that bring back what the model was trained with."""

import ast
import sys
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from scienceops.core.requirement_lines import PANDAS, parse_requirements
from scienceops.errors import BadInput
from scienceops.running.object_graph import reachable

#: What the scorer itself needs; pins outside of these ranges could never be installed with it.
SCORER_RANGES = (
    "flask>=3.0",
    "httptools>=0.6.2",
    "msgspec>=0.19",
    "numpy>=1.26",
    "packaging>=23",
    "pyarrow>=16",
    "pydantic>=2.10",
    "pydantic-settings>=2.7",
    "uvloop>=0.21",
)

_OURS = {"scienceops", "scorer_container", "stats_job", "functions"}

#: scikit-learn loads it without an import in the model's own objects.
_SILENT_NEEDS = {"sklearn": ("scipy", "joblib")}


def python_version() -> str:
    """major.minor of the running Python, as the manifest states it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def modules_of_model(model: Any) -> set[str]:
    """Top-level modules of the classes and functions that the model is made of."""
    names: set[str] = set()
    for item in reachable(model):
        definition = item if hasattr(item, "__qualname__") else type(item)
        names.add((getattr(definition, "__module__", None) or "").partition(".")[0])
    return names


def modules_of_script(source: bytes, name: str) -> set[str]:
    """Top-level modules that a script imports; raises BadInput when it is no Python."""
    names: set[str] = set()
    for node in ast.walk(parse_script(source, name)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def parse_script(source: bytes, name: str) -> ast.Module:
    """The script's syntax tree; raises BadInput naming the line that is no Python."""
    try:
        return ast.parse(source, name)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise BadInput(
            f"{name} is no Python {python_version()}: {error}; correct it"
            + (f" at line {line}" if line else "")
        ) from None


def pin_requirements(modules: Iterable[str], extra: Sequence[str] = ()) -> tuple[str, ...]:
    """NAME==VERSION of the distributions that provide the modules, as installed here, sorted.

    extra: requirement lines of the user's own; they take the place of a pin of the same name.
    numpy and pandas are always there, since rows reach a model as a DataFrame. Modules that are
    not installed are left out. Raises BadInput when the scorer could not run with the result.
    """
    wanted = {"numpy", "pandas", *modules}
    for module in tuple(wanted):
        wanted.update(_SILENT_NEEDS.get(module, ()))
    wanted -= _OURS | sys.stdlib_module_names | {"__main__", ""}
    distributions = metadata.packages_distributions()
    lines = {
        canonicalize_name(name): f"{canonicalize_name(name)}=={_public_version(name)}"
        for module in wanted
        for name in distributions.get(module, ())
    }
    own: dict[NormalizedName, list[str]] = {}
    for line in extra:
        own.setdefault(canonicalize_name(Requirement(line).name), []).append(line)
    for name in own:
        lines.pop(name, None)
    result = sorted([*lines.values(), *(line for given in own.values() for line in given)])
    check_against_scorer(result)
    return tuple(result)


def _public_version(name: str) -> str:
    # A local part such as +cpu names a build that no package index can give back.
    return Version(metadata.version(name)).public


def check_against_scorer(lines: Sequence[str]) -> None:
    """Raise BadInput when a pin lies outside what the scorer can run with.

    >>> check_against_scorer(["flask==2.0"])
    Traceback (most recent call last):
    scienceops.errors.BadInput: flask==2.0 conflicts with the scorer, which needs flask>=3.0; \
pack with a version in that range
    """
    ranges = {
        canonicalize_name(Requirement(r).name): Requirement(r) for r in (*SCORER_RANGES, PANDAS)
    }
    for line in lines:
        pinned = Requirement(line)
        needed = ranges.get(canonicalize_name(pinned.name))
        exact = [s.version for s in pinned.specifier if s.operator in ("==", "===")]
        if needed is None or not exact or exact[0].endswith("*"):
            continue
        if not needed.specifier.contains(exact[0], prereleases=True):
            raise BadInput(
                f"{line} conflicts with the scorer, which needs {needed}; "
                "pack with a version in that range"
            )


def read_requirements(given: Sequence[str] | str | Path | None) -> tuple[str, ...]:
    """Requirement lines as given, or those of the file of that name; raises BadPackage."""
    if given is None:
        return ()
    if isinstance(given, str | Path):
        return parse_requirements(Path(given).read_text())
    return parse_requirements("\n".join(given))
