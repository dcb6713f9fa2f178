"""Where a Python of this machine finds this very ScienceOps."""

import os
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from scienceops.adapters.local.files import make_folders

_OURS = ("scienceops", "scorer_container", "stats_job")


def import_path(home: Path, inherited: str = "") -> str:
    """PYTHONPATH under which a Python finds this very ScienceOps.

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
    beside = [str(Path(path).absolute()) for path in inherited.split(os.pathsep) if path]
    return os.pathsep.join([str(folder), *beside])


def _place_of(name: str) -> Path | None:
    spec = find_spec(name)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]).resolve() if places else None
