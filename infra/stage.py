"""Lay out what a target ships: `python infra/stage.py TARGET` makes build/TARGET/ and its zip.

The zip is the same bytes for the same sources and lock: fixed times, sorted names, compiled files
that carry the hash of their source instead of its time.
"""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from infra.targets import TARGETS, Target

HERE = Path(__file__).resolve().parent.parent
#: What installers leave behind, and what no function runs.
LEFT_OUT = ("__pycache__", "bin", ".lock", "py.typed", "RECORD", "INSTALLER", "REQUESTED")
LEFT_OUT_ENDINGS = (".pyc", ".pyi", ".lock")
#: The earliest time that a zip can tell.
EARLIEST = (1980, 1, 1, 0, 0, 0)


def stage(name: str, build: Path = HERE / "build") -> Path:
    """Lay the target out under `build` and zip it; the zip's path. Raises SystemExit when it is
    larger than its platform takes."""
    folder, archive = build / name, build / f"{name}.zip"
    lay_out(name, folder)
    write_zip(folder, archive)
    check_size(name, TARGETS[name], folder, archive)
    return archive


def lay_out(name: str, folder: Path) -> None:
    """The target's files, in place of whatever the folder holds."""
    target = TARGETS[name]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if target.lock:
        install(target, folder / target.packages)
    for source, place in target.sources.items():
        copy(HERE / source, folder / place)
    for package, files in target.borrowed.items():
        for file in files:
            copy(home_of(package) / file, folder / target.packages / package / file)
    if target.runs_at:
        compile_all(folder, target.runs_at)


def install(target: Target, folder: Path) -> None:
    """The locked requirements, as wheels for the target's own platform."""
    subprocess.run(
        [
            Path(sys.executable).parent / "uv",
            *("pip", "install", "--quiet", "--target", folder, "--python", sys.executable),
            *("--python-version", target.python, "--python-platform", target.platform),
            *("--only-binary", ":all:", "--no-deps", "--require-hashes", "-r", HERE / target.lock),
        ],
        check=True,
    )
    # What an installer writes of itself differs from place to place.
    for path in sorted(folder.rglob("*"), reverse=True):
        if is_left_out(path):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def is_left_out(path: Path) -> bool:
    """Whether a file or folder is of no use to whoever runs the target."""
    return path.name in LEFT_OUT or path.name.endswith(LEFT_OUT_ENDINGS)


def copy(source: Path, place: Path) -> None:
    """A file, or a folder without what is left out, into a folder that may be there already."""
    if source.is_dir():
        shutil.copytree(source, place, ignore=_left_out, dirs_exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)


def _left_out(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if is_left_out(Path(folder) / name)}


def home_of(package: str) -> Path:
    """Where an installed package lies, found without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{package} is not installed: run `make .venv/ready`")
    return Path(spec.submodule_search_locations[0])


def compile_all(folder: Path, runs_at: str) -> None:
    """Compiled files beside the sources: a function cannot write them, and starts slowly without.

    They are taken as they are, for the times in a zip say nothing.
    """
    subprocess.run(
        [
            *(sys.executable, "-m", "compileall", "-q", "-f", "-s", folder, "-p", runs_at),
            *("--invalidation-mode", "unchecked-hash", folder),
        ],
        check=True,
    )


def files_of(folder: Path) -> Iterator[tuple[str, Path]]:
    """(name in the package, path) of every file, sorted."""
    yield from sorted(
        (path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()
    )


def write_zip(folder: Path, archive: Path) -> None:
    """The folder as a zip that depends on its content alone."""
    with zipfile.ZipFile(archive, "w") as out:
        for name, path in files_of(folder):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            entry.create_system = 3
            out.writestr(entry, path.read_bytes(), compresslevel=9)


def check_size(name: str, target: Target, folder: Path, archive: Path) -> None:
    """Refuse what the platform would refuse."""
    for found, most, what in (
        (sum(path.stat().st_size for _, path in files_of(folder)), target.limit_bytes, "unzipped"),
        (archive.stat().st_size, target.zipped_limit_bytes, "zipped"),
    ):
        if found > most:
            raise SystemExit(
                f"{name} has {found / 1e6:.0f} MB {what}, and its platform takes {most / 1e6:.0f}: "
                f"look at build/{name} for what came in"
            )
        sys.stdout.write(f"{archive.name}: {found / 1e6:.1f} MB {what}\n")


def main(names: list[str]) -> int:
    """Stage each of the targets named."""
    unknown = sorted(set(names) - set(TARGETS))
    if unknown or not names:
        sys.stderr.write(f"wanted some of {', '.join(TARGETS)}; got {' '.join(names) or 'none'}\n")
        return 2
    for name in names:
        stage(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
