"""Garbage of one machine: what it keeps beside the bucket and needs no more."""

import fcntl
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from scienceops.adapters.engine.garbage import EngineGarbage, unused_image_files
from scienceops.adapters.local.environments import Environments
from scienceops.adapters.local.tasks import ORDER, Task, TaskState
from scienceops.core.garbage import Garbage, InUse, Kind
from scienceops.errors import BadInput

#: Work that began this recently may not have been recorded by whoever asked for it.
FRESH = timedelta(hours=1)
#: What was taken out of its place and not wholly deleted, since the deleter was killed.
GONE = ".gone-"

_HASH = re.compile(r"[0-9a-f]{16}")
_LOG = re.compile(r"(?P<service>.+)-(?P<version>\d+)(?P<old>\.old)?\.log")


class DiskGarbage:
    """Finds and deletes what a home keeps; never anything of the bucket or the databases."""

    def __init__(self, home: Path, engine: EngineGarbage) -> None:
        self._home = home
        self._engine = engine

    def find(self, in_use: InUse, now: datetime, older_than: timedelta) -> list[Garbage]:
        """Environments that nothing uses; builds, jobs and logs of work that ended before."""
        fresh = (now - FRESH).timestamp()
        before = min(fresh, (now - older_than).timestamp())
        return [
            *self._environments(in_use, fresh),
            *self._tasks("build", "builds", in_use.open_builds, before),
            *self._tasks("job", "jobs", self._jobs_of(in_use.open_jobs), before),
            *self._logs(in_use.deployments, before),
            *self._image_files(in_use, fresh),
            *self._engine.find(in_use, now, older_than),
            *self._leftovers(),
        ]

    def unseen(self) -> str:
        """What could not be looked at, and why; empty when nothing."""
        return self._engine.unseen()

    def delete(self, item: Garbage) -> bool:
        """Delete it, unless it changed or came into use since it was found; whether it is gone."""
        if item.kind in ("image", "container"):
            return self._engine.delete(item)
        path = self._home / item.name
        if not path.exists():
            return True
        if item.kind == "environment":
            with path.with_name(f"{path.name}.lock").open("wb") as turn:
                try:
                    # Whoever builds an environment, or takes it for a build, holds this.
                    fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
                return _seen(path) == item.seen and _remove(path)
        if _seen(path) != item.seen:
            return False
        if path.is_file():
            path.unlink()
            return True
        return _remove(path)

    def _environments(self, in_use: InUse, fresh: float) -> Iterator[Garbage]:
        images = in_use.images | set(self._images_of_builds(in_use.builds, fresh))
        used = set(self._environments_of(images))
        running = self._commands_that_run()
        for path in _folders(self._home / "environments"):
            if not _HASH.fullmatch(path.name) or path.name in used:
                continue
            if any(str(path) in command for command in running):
                continue
            why = "no version uses it that is not rejected"
            yield self._item("environment", path, why)

    def _images_of_builds(self, builds: frozenset[str], fresh: float) -> Iterator[str]:
        # A version that is being built has no image yet; its build says which it will be.
        for folder in _folders(self._home / "builds"):
            if folder.name in builds or _newest(folder) > fresh:
                with suppress(FileNotFoundError):
                    yield (folder / "image").read_text()

    def _environments_of(self, images: Iterable[str]) -> Iterator[str]:
        environments = Environments(self._home)
        for image in images:
            # Of an engine's images, and of ones that nothing is known of, there is none.
            with suppress(BadInput):
                yield environments.folder(environments.needs(image)).name

    def _commands_that_run(self) -> list[str]:
        commands = []
        for folder in _folders(self._home / "jobs"):
            if Task(folder).outcome().state is TaskState.RUNNING:
                commands += json.loads((folder / ORDER).read_bytes())["command"]
        return commands

    def _jobs_of(self, open_jobs: frozenset[str]) -> frozenset[str]:
        names = [folder.name for folder in _folders(self._home / "jobs")]
        # `RUN-ATTEMPT`; an attempt may have begun without a word in the registry.
        return frozenset(
            name for name in names if name in open_jobs or name.rpartition("-")[0] in open_jobs
        )

    def _tasks(
        self, kind: Kind, place: str, kept: frozenset[str], before: float
    ) -> Iterator[Garbage]:
        for folder in _folders(self._home / place):
            if folder.name in kept or _newest(folder) >= before:
                continue
            if Task(folder).outcome().state is not TaskState.RUNNING:
                yield self._item(kind, folder, "it ended long ago")

    def _logs(self, deployments: frozenset[tuple[str, int]], before: float) -> Iterator[Garbage]:
        folder = self._home / "logs"
        for path in sorted(folder.glob("*.log")) if folder.is_dir() else ():
            named = _LOG.fullmatch(path.name)
            if named is None or path.stat().st_mtime >= before:
                continue
            runs = (named["service"], int(named["version"])) in deployments
            if named["old"] or not runs:
                yield self._item("log", path, "what it tells of ended long ago")

    def _image_files(self, in_use: InUse, fresh: float) -> Iterator[Garbage]:
        for path in unused_image_files(self._home, in_use):
            if path.stat().st_mtime < fresh:
                yield self._item("image file", path, "no image in use needs it")

    def _leftovers(self) -> Iterator[Garbage]:
        for place in ("environments", "builds", "jobs"):
            for path in sorted((self._home / place).glob(f"{GONE}*")):
                yield self._item("leftover", path, "its deletion was interrupted")

    def _item(self, kind: Kind, path: Path, why: str) -> Garbage:
        name = path.relative_to(self._home).as_posix()
        return Garbage(kind, name, _room_of(path), why, _seen(path))


def _folders(place: Path) -> list[Path]:
    if not place.is_dir():
        return []
    return [p for p in sorted(place.iterdir()) if p.is_dir() and not p.name.startswith(".")]


def _newest(folder: Path) -> float:
    """When something in the folder was last written."""
    times = [folder.stat().st_mtime]
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):
            times.append(entry.stat(follow_symlinks=False).st_mtime)
    return max(times)


def _seen(path: Path) -> str:
    return str(_newest(path) if path.is_dir() else path.stat().st_mtime)


def _room_of(path: Path) -> int:
    """Bytes on disk that its deletion gives back: a file that has other names gives none."""
    paths = [path] if path.is_file() else path.rglob("*")
    room = 0
    for one in paths:
        with suppress(FileNotFoundError):
            found = one.lstat()
            room += found.st_blocks * 512 if found.st_nlink == 1 or one.is_dir() else 0
    return room


def _remove(folder: Path) -> bool:
    # Renamed first, so that nobody takes half a folder for a whole one.
    gone = folder
    if not folder.name.startswith(GONE):
        gone = folder.with_name(f"{GONE}{uuid.uuid4().hex}")
        folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
    return not gone.exists()
