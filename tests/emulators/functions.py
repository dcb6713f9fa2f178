"""The bundle of AWS's functions as an emulator runs it: with the runtime client of Lambda itself.

On AWS the runtime of python3.11 brings `awslambdaric`; here it is packed beside the doors, with
what records their calls or breaks them. A `bootstrap` starts it in a Python that can import nothing
but the bundle and the standard library.
"""

import sys
import zipfile
from importlib.metadata import files
from pathlib import Path

RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py")
BOOTSTRAP = """#!/bin/sh
export PYTHONPATH="$LAMBDA_TASK_ROOT" PYTHONDONTWRITEBYTECODE=1
cd "$LAMBDA_TASK_ROOT"
exec {python} -S -m recorded "$_HANDLER"
"""


def with_runtime(bundle: Path, place: Path) -> Path:
    """A copy of the bundle at `place` that an emulator's `provided` runtime can start."""
    # Stored, not compressed: an emulator unpacks it at once.
    with zipfile.ZipFile(bundle) as given, zipfile.ZipFile(place, "w") as out:
        for name in given.namelist():
            out.writestr(name, given.read(name))
        for package in RUNTIME:
            for file in files(package) or ():
                if file.suffix in (".py", ".so") and "tests" not in file.parts:
                    out.write(file.locate(), file.as_posix())
        for own in ("recorder/recorded.py", "faulty.py"):
            out.write(Path(__file__).parent / own, Path(own).name)
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        out.writestr(entry, BOOTSTRAP.format(python=sys.executable))
    return place
