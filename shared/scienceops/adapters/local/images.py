"""Images on one machine: which Python runs them, and where it finds this ScienceOps."""

import os
import sys
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from scienceops.adapters.local.files import make_folders
from scienceops.errors import BadInput

RUNNING = f"python:{sys.executable}"
#: Names this file once every requirement is installed; without it the folder is half built.
COMPLETE = "scienceops-complete"

_OURS = ("scienceops", "scorer_container", "stats_job")


def environment_folder(identity: str, home: Path) -> Path:
    """Where the environment of this hash lies."""
    return home / "environments" / identity


def is_complete(identity: str, home: Path) -> bool:
    """Whether the environment of this hash can be used."""
    return (environment_folder(identity, home) / COMPLETE).exists()


def interpreter_of(image: str, home: Path) -> str:
    """The Python that an image names: `python:PATH`, `environment:HASH`, or empty for our own."""
    kind, _, rest = (image or RUNNING).partition(":")
    if kind == "python":
        return rest
    if kind == "environment" and rest.isalnum():
        if not is_complete(rest, home):
            raise BadInput(f"{image!r} is not there: build the version again with `retry`")
        return str(environment_folder(rest, home) / "bin" / "python")
    raise BadInput(f"{image!r} is no image of this machine: wanted python:PATH or environment:HASH")


def import_path(image: str, inherited: str, home: Path) -> str:
    """PYTHONPATH under which an image's Python finds this very ScienceOps.

    inherited: the PYTHONPATH of this process, of use to the running environment alone. An
    isolated one gets a folder with links to our own packages: what lies beside them, often the
    whole running environment, must stay out of it.
    """
    places = {name: _place_of(name) for name in _OURS}
    identity = sha256(repr(sorted(places.items())).encode()).hexdigest()[:16]
    folder = home / "environments" / f"source-{identity}"
    make_folders(folder)
    for name, place in places.items():
        link = folder / name
        if place is not None and not link.is_symlink():
            try:
                link.symlink_to(place)
            except FileExistsError:
                continue
    paths = [str(folder)]
    if not image.startswith("environment:"):
        paths += [str(Path(path).absolute()) for path in inherited.split(os.pathsep) if path]
    return os.pathsep.join(paths)


def _place_of(name: str) -> Path | None:
    spec = find_spec(name)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]).resolve() if places else None
