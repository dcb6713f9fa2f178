"""Conda files: the requirements in a `conda_dependencies.yml`, as pip takes them."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scienceops.core.requirement_lines import parse_requirements
from scienceops.errors import BadInput

#: What served a model elsewhere; here the scorer does.
_REPLACED = re.compile(r"(azureml|applicationinsights)($|[-_.=<>~! ])")
_ALWAYS_THERE = frozenset({"pip", "setuptools", "wheel"})

#: Native libraries that wheels from PyPI bring along.
_IN_WHEELS = re.compile(
    r"_.*|blas|g[cx][cx]_linux-64|intel-openmp|lib(blas|cblas|gcc|gcc-ng|gfortran|gomp|lapack|"
    r"openblas|stdcxx-ng)|llvm-openmp|mkl|mkl-service|nomkl|openblas"
)

_OTHER_NAMES = {
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "opencv": "opencv-python-headless",
    "py-lightgbm": "lightgbm",
    "py-xgboost": "xgboost",
    "pytables": "tables",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
}

_SPEC = re.compile(r"(?:[\w./-]+::)?(?P<name>[A-Za-z0-9._-]+)\s*(?P<version>[=<>!~].*)?")


@dataclass
class CondaFile:
    """requirements: for pip. python: major.minor, or None. notes: what was left out, and why."""

    requirements: list[str] = field(default_factory=list)
    python: str | None = None
    notes: list[str] = field(default_factory=list)


def read_conda(path: Path) -> CondaFile:
    """The requirements of a conda file; raises BadInput or BadPackage naming what is wrong."""
    return parse_conda(path.read_text(), str(path))


def parse_conda(text: str, name: str = "conda_dependencies.yml") -> CondaFile:
    """The requirements in the text of a conda file.

    >>> found = parse_conda('''dependencies:
    ... - python=3.11.4
    ... - scikit-learn=1.9
    ... - pip: [azureml-defaults, joblib==1.6.0]
    ... ''')
    >>> found.python, found.requirements
    ('3.11', ['scikit-learn==1.9.*', 'joblib==1.6.0'])
    """
    # Not for a retraining to load, whose environment need not have it.
    import yaml

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadInput(f"{name} is no YAML: {error}") from None
    listed = document.get("dependencies") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise BadInput(f"{name} has no list of `dependencies`")
    found = CondaFile()
    for item in listed:
        if isinstance(item, dict) and set(item) == {"pip"}:
            for line in item["pip"] or ():
                _add_pip(found, str(line))
        elif isinstance(item, str):
            _add_conda(found, item, name)
        else:
            raise BadInput(f"{name}: {item!r} is no dependency: wanted NAME=VERSION or a pip list")
    found.requirements = list(parse_requirements("\n".join(found.requirements)))
    return found


def _add_pip(found: CondaFile, line: str) -> None:
    if _REPLACED.match(line.strip().lower()):
        found.notes.append(f"{line} was left out: the scorer takes its place")
    else:
        found.requirements.append(line)


def _add_conda(found: CondaFile, item: str, file: str) -> None:
    spec = _SPEC.fullmatch(item.strip())
    if spec is None:
        raise BadInput(f"{file}: {item!r} is no dependency: wanted NAME=VERSION")
    name, version = spec["name"].lower(), (spec["version"] or "").strip()
    if name == "python":
        found.python = _python(version, file)
    elif _IN_WHEELS.fullmatch(name):
        found.notes.append(f"{item} was left out: wheels bring their native libraries along")
    elif name not in _ALWAYS_THERE:
        _add_pip(found, _OTHER_NAMES.get(name, name) + _pip_version(version))


def _pip_version(version: str) -> str:
    """A conda version as pip's: one `=` means "starts with", and a build is no version.

    >>> _pip_version("=1.2"), _pip_version("=1.2.3=py311_0"), _pip_version(">=1,<2")
    ('==1.2.*', '==1.2.3', '>=1,<2')
    """
    if not version.startswith("=") or version.startswith("=="):
        return version
    number = version.removeprefix("=").partition("=")[0].removesuffix(".*").removesuffix("*")
    return f"=={number}" if number.count(".") >= 2 else f"=={number}.*"


def _python(version: str, file: str) -> str | None:
    if not version:
        return None
    number: Any = re.match(r"={1,2}\s*(3\.\d{1,2})(\.|$|=)", version)
    if number is None:
        raise BadInput(f"{file}: python{version} names no release: wanted python=3.X, like 3.11")
    return str(number[1])
