"""Deployment facts: what a file says of one scorer, so that every process can find it."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from scienceops.adapters.local.files import make_folders, write_whole


@dataclass(frozen=True)
class Facts:
    """One start of one deployment.

    owner: the process that started the scorer and whose death makes it drain. birth: see
    processes.birth_of. ended: how it ended without being asked to, or why it could not start.
    log_start: where in the log file this start's lines begin. image: as in its order. scratch: the
    folder of its temporary files, which it leaves full when it is killed.
    """

    service: str
    version: int
    replica: str
    owner: int
    owner_birth: str
    pid: int = 0
    birth: str = ""
    socket: str = ""
    package: str = ""
    log_start: int = 0
    image: str = ""
    scratch: str = ""
    stopping: bool = False
    ended: str = ""


class FactsFolder:
    """The facts of every deployment of a home."""

    def __init__(self, folder: Path) -> None:
        make_folders(folder)
        self._folder = folder

    def read(self, service: str, version: int) -> Facts | None:
        """What is known of a deployment."""
        return _load(self._folder / f"{service}-{version}.json")

    def all(self) -> list[Facts]:
        """What is known of all of them, by name and version."""
        found = [facts for path in self._folder.glob("*.json") if (facts := _load(path))]
        return sorted(found, key=lambda facts: (facts.service, facts.version))

    def write(self, facts: Facts) -> None:
        """Replace what is known of a deployment."""
        path = self._folder / f"{facts.service}-{facts.version}.json"
        write_whole(path, json.dumps(asdict(facts)).encode(), mode=0o600)

    def remove(self, facts: Facts) -> None:
        """Forget a deployment."""
        (self._folder / f"{facts.service}-{facts.version}.json").unlink(missing_ok=True)

    @contextmanager
    def turn(self, service: str, version: int) -> Iterator[None]:
        """One at a time, of all threads and processes, may change a deployment."""
        with (self._folder / f"{service}-{version}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _load(path: Path) -> Facts | None:
    try:
        return Facts(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        # Written by another release: its scorer drained when that one ended.
        return None
