"""The engine and registry of the container tests, and the stand-in images that they run."""

import io
import shutil
import socket
import subprocess
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import docker
from contract.waiting import wait_for

from infra.local.engine import BASE
from scienceops.adapters.engine.connection import OWNER_LABEL
from scienceops.config import Settings

ROOT = Path(__file__).parents[2]
PYTHON = "3.11"

#: What a stand-in needs to be found by the name that the real one has.
_STAND_IN_FILES = {
    "tests/contract/stand_in_scorer.py": "contract/stand_in_scorer.py",
    "tests/contract/stand_in_job.py": "contract/stand_in_job.py",
    "scorer_container/__init__.py": "scorer_container/__init__.py",
    "scorer_container/job.py": "scorer_container/job.py",
    "shared/scienceops/__init__.py": "scienceops/__init__.py",
    "shared/scienceops/serving.py": "scienceops/serving.py",
}
_DOCKERFILE = f"""\
FROM {BASE.format(python=PYTHON)}
COPY files /app
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1 HOME=/tmp
WORKDIR /tmp
ENTRYPOINT ["python3", "-m"]
"""


def missing_tools() -> list[str]:
    """What these tests need and this machine has not."""
    return [t for t in ("dockerd", "docker-registry", "mmdebstrap") if shutil.which(t) is None]


@dataclass(frozen=True)
class Laboratory:
    """Where the engine and the registry are."""

    folder: Path
    address: str
    registry: "RegistryProcess"

    @property
    def repository(self) -> str:
        """A repository of the registry."""
        return f"127.0.0.1:{self.registry.port}/tests/scienceops"

    def settings(self, home: Path, **more: Any) -> Settings:
        """Settings of a platform that uses both."""
        return Settings(
            home=home, engine=self.address, images=self.repository, base_image=BASE, **more
        )

    @property
    def environment(self) -> dict[str, str]:
        """The same as variables, for a platform that runs as a process."""
        return {
            "SCIENCEOPS_ENGINE": self.address,
            "SCIENCEOPS_IMAGES": self.repository,
            "SCIENCEOPS_BASE_IMAGE": BASE,
        }

    def connect(self) -> docker.DockerClient:
        """A client of the engine."""
        return docker.DockerClient(base_url=self.address, timeout=120)

    def containers_of(self, home: Path) -> list[Any]:
        """Every container of a home, whatever its state."""
        client = self.connect()
        try:
            found: list[Any] = client.api.containers(
                all=True, filters={"label": f"{OWNER_LABEL}={home}"}
            )
            return found
        finally:
            client.close()

    def running_containers_of(self, home: Path) -> list[Any]:
        """Those of a home that run."""
        return [found for found in self.containers_of(home) if found["State"] == "running"]

    @cached_property
    def stand_in_job(self) -> str:
        """An image, by digest, that runs the contract's stand-in for a job."""
        return self._publish("job", _DOCKERFILE)

    @cached_property
    def stand_in_scorer(self) -> str:
        """An image, by digest, that runs the contract's stand-in for a scorer."""
        command = 'ENTRYPOINT ["python3", "-m", "contract.stand_in_scorer"]\n'
        return self._publish("scorer", _DOCKERFILE + command)

    def _publish(self, name: str, dockerfile: str) -> str:
        files = {f"files/{place}": ROOT / path for path, place in _STAND_IN_FILES.items()}
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as context:
            for place, path in files.items():
                context.add(path, place)
            entry = tarfile.TarInfo("Dockerfile")
            entry.size = len(dockerfile)
            context.addfile(entry, io.BytesIO(dockerfile.encode()))
        out.seek(0)
        repository = f"127.0.0.1:{self.registry.port}/tests/stand-in-{name}"
        client = self.connect()
        try:
            client.images.build(fileobj=out, custom_context=True, tag=repository, rm=True)
            for line in client.images.push(repository, stream=True, decode=True):
                assert "error" not in line, line
            (digest,) = [
                known
                for known in client.images.get(repository).attrs["RepoDigests"]
                if known.startswith(f"{repository}@")
            ]
        finally:
            client.close()
        return str(digest)


class RegistryProcess:
    """Debian's docker-registry, which is the reference implementation, on a port of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir(exist_ok=True)
        self.port = port
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "config.yml").write_text(
            "version: 0.1\n"
            f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
            f"http: {{addr: 127.0.0.1:{port}}}\n"
        )

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        with (self._folder / "log").open("ab") as out:
            self._process = subprocess.Popen(
                ["docker-registry", "serve", str(self._folder / "config.yml")],
                stdout=out,
                stderr=out,
            )
        wait_for(self._accepts, seconds=20)

    def stop(self) -> None:
        """End it; what it holds stays."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    def _accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
