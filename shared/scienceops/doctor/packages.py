"""Whether the packages that ScienceOps needs are there, in range, and can be imported."""

import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from scienceops.doctor import Check

#: Distribution -> the module it is imported by, where they differ by more than a hyphen.
MODULES = {
    "scikit-learn": "sklearn",
    "pyyaml": "yaml",
    "opentelemetry-sdk": "opentelemetry.sdk",
    "opentelemetry-exporter-otlp-proto-http": "opentelemetry.exporter.otlp.proto.http",
    "azure-data-tables": "azure.data.tables",
    "azure-identity": "azure.identity",
    "azure-keyvault-secrets": "azure.keyvault.secrets",
    "azure-mgmt-appcontainers": "azure.mgmt.appcontainers",
    "azure-mgmt-containerregistrytasks": "azure.mgmt.containerregistrytasks",
    "azure-storage-blob": "azure.storage.blob",
    "azure-storage-queue": "azure.storage.queue",
    "databricks-sdk": "databricks.sdk",
}
IMPORT_SECONDS = 120

_MAKE = "`make test` sets up .venv with every package as locked"
#: Says each module before it imports it, so that one that takes the process along is known.
_PROGRAM = """
import importlib, json, sys
for name in sys.argv[1:]:
    print(json.dumps([name, None]), flush=True)
    try:
        importlib.import_module(name)
        print(json.dumps([name, ""]), flush=True)
    except BaseException as error:
        print(json.dumps([name, f"{type(error).__name__}: {error}"[:200]]), flush=True)
"""


def check_packages() -> list[Check]:
    """One line for all when all is well, else one for each that is not, and for each extra."""
    needed = read_needed()
    if not needed:
        found = "scienceops itself is not installed here, so its list cannot be read"
        return [Check("packages", "missing", found, _MAKE)]
    extras = read_extras()
    lacking = {extra: list(filter(is_absent, names)) for extra, names in extras.items()}
    for extra, names in extras.items():
        needed |= {name: wanted for name, wanted in names.items() if name not in lacking[extra]}
    told = [_optional(extra, extras[extra], names) for extra, names in lacking.items() if names]
    return [*(_faults(needed) or [_all_well(needed)]), *told]


def _faults(needed: Mapping[str, str]) -> list[Check]:
    faulty = [check for name, wanted in needed.items() if (check := check_version(name, wanted))]
    lacking = {check.name for check in faulty}
    names = {
        MODULES.get(name, name.replace("-", "_")): name for name in needed if name not in lacking
    }
    for module, fault in import_faults(list(names)).items():
        fix = f"reinstall it: pip install --force-reinstall '{names[module]}'; or {_MAKE}"
        faulty.append(Check(names[module], "missing", f"cannot be imported ({fault})", fix))
    return faulty


def _all_well(needed: Mapping[str, str]) -> Check:
    locked = read_lock()
    moved = [name for name in needed if name in locked and locked[name] != version_of(name)]
    more = f"; another release than locked: {', '.join(moved)}" if moved else ", as locked"
    return Check("packages", "ok", f"{len(needed)}{more if locked else ''}")


def _optional(extra: str, wanted: Mapping[str, str], absent: list[str]) -> Check:
    lines = " ".join(f"'{name}{wanted[name]}'" for name in absent)
    found = f"not installed: {', '.join(absent)}"
    return Check(f"extra {extra}", "optional", found, f"pip install {lines}")


def read_needed() -> dict[str, str]:
    """Name -> version range of what ScienceOps asks for; empty when it is not installed."""
    return dict(split_requirement(line) for line in _requirements() if ";" not in line)


def read_extras() -> dict[str, dict[str, str]]:
    """Extra -> name -> version range of what it asks for."""
    found: dict[str, dict[str, str]] = {}
    for line in _requirements():
        requirement, _, marker = line.partition(";")
        if extra := re.search(r"extra == ['\"]([a-z]+)", marker):
            name, wanted = split_requirement(requirement)
            found.setdefault(extra[1], {})[name] = wanted
    return found


def _requirements() -> list[str]:
    try:
        return importlib.metadata.requires("scienceops") or []
    except importlib.metadata.PackageNotFoundError:
        return []


def is_absent(name: str) -> bool:
    """Whether no release of it is installed."""
    return not version_of(name)


def split_requirement(line: str) -> tuple[str, str]:
    """(name, range) of a plain requirement line.

    >>> split_requirement("pandas<3,>=2.2")
    ('pandas', '<3,>=2.2')
    """
    name = re.split(r"[<>=!~ \[]", line.strip(), maxsplit=1)[0]
    return name.lower(), line.strip()[len(name) :].strip()


def version_of(name: str) -> str:
    """The release that is installed; empty when there is none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def check_version(name: str, wanted: str) -> Check | None:
    """What is wrong with the release that is installed, if anything is."""
    found = version_of(name)
    fix = f"pip install '{name}{wanted}'; or {_MAKE}"
    if not found:
        return Check(name, "missing", "not installed", fix)
    try:
        from packaging.specifiers import SpecifierSet

        fits = SpecifierSet(wanted).contains(found, prereleases=True)
    except ImportError:
        # Told by its own line; without it ranges cannot be read.
        return None
    return None if fits else Check(name, "missing", f"{found}, wanted {wanted}", fix)


def import_faults(modules: list[str], python: str = sys.executable) -> dict[str, str]:
    """Module -> why it cannot be imported, tried in a process of its own that may die of it."""
    faults: dict[str, str] = {}
    left = list(modules)
    while left:
        told, ending = _import(left, python)
        faults |= {name: fault for name, fault in told.items() if fault}
        died = next((name for name, fault in told.items() if fault is None), None)
        if died is None:
            break
        faults[died] = ending
        left = left[left.index(died) + 1 :]
    return faults


def read_lock() -> Mapping[str, str]:
    """Name -> release in the lock of the checkout this runs from; empty without one."""
    path = Path(__file__).parents[3] / "requirements.txt"
    if not path.is_file():
        return {}
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", path.read_text(), re.M))


def _import(modules: list[str], python: str) -> tuple[dict[str, str | None], str]:
    try:
        done = subprocess.run(
            [python, "-W", "ignore", "-c", _PROGRAM, *modules],
            capture_output=True,
            text=True,
            timeout=IMPORT_SECONDS,
            check=False,
        )
        output, ending = done.stdout, f"it ended the process with exit code {done.returncode}"
    except subprocess.TimeoutExpired as error:
        output = error.stdout.decode() if isinstance(error.stdout, bytes) else (error.stdout or "")
        ending = f"not done after {IMPORT_SECONDS} s"
    told: dict[str, str | None] = {}
    for line in output.splitlines():
        # A package may print something of its own.
        if line.startswith('["'):
            name, fault = json.loads(line)
            told[name] = fault
    return told, ending
