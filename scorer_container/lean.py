"""Lean: leave out of an installed environment what no scorer runs, and compile the rest.

Run in the build, by the environment's own Python.
"""

import compileall
import hashlib
import shutil
import sys
import sysconfig
from pathlib import Path

#: Installers, which a scorer must not have.
TOOLS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")
#: Packages whose own tests and headers are installed with them.
TESTED = ("numpy", "pandas", "pyarrow", "scipy", "sklearn")
#: Parts of pyarrow that reach remote stores, which is not how a scorer ships.
UNUSED_OF_PYARROW = ("*flight*", "*_s3*", "*gcsfs*", "*azurefs*", "*hdfs*", "include", "src")


def main() -> None:
    """Make this environment lean."""
    packages = Path(sysconfig.get_path("purelib"))
    for name in TOOLS:
        for path in (packages / name, *packages.glob(f"{name}-*.dist-info")):
            _remove(path)
    for name in ("pip*", "easy_install*"):
        for path in Path(sys.prefix, "bin").glob(name):
            _remove(path)
    for name in TESTED:
        for path in sorted((packages / name).rglob("tests")):
            _remove(path)
        for pattern in ("*.pyi", "*.pyx", "*.pxd", "*.pxi"):
            for path in (packages / name).rglob(pattern):
                _remove(path)
    for pattern in UNUSED_OF_PYARROW:
        for path in (packages / "pyarrow").glob(pattern):
            _remove(path)
    _link_copies(packages / "pyarrow")
    # Without them, a start takes three to four times as long.
    compileall.compile_dir(packages, quiet=2, workers=0)


def _link_copies(folder: Path) -> None:
    """Replace copies of one library under several names, for a wheel can hold no links."""
    seen: dict[bytes, Path] = {}
    for path in sorted(folder.glob("*.so*"), reverse=True):
        digest = hashlib.sha256(path.read_bytes()).digest()
        first = seen.setdefault(digest, path)
        if first != path:
            path.unlink()
            path.symlink_to(first.name)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
