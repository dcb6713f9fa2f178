"""Scorer processes: what a scorer needs around it, and how it is started."""

import hashlib
import os
import subprocess
import tempfile
import uuid
from dataclasses import replace
from pathlib import Path

from scienceops.adapters.local.deployment_facts import Facts
from scienceops.adapters.local.files import make_folders
from scienceops.adapters.local.images import import_path, interpreter_of
from scienceops.adapters.local.processes import birth_of
from scienceops.config import SCORER_PREFIX, Settings, child_environment
from scienceops.errors import BadPackage, BadSetting
from scienceops.ports.object_store import ObjectStore
from scienceops.ports.service_runtime import DeployOrder

#: A socket's path has room for 107 bytes on Linux and 103 elsewhere.
LONGEST_SOCKET_BYTES = 100
LARGEST_LOG_BYTES = 10 * 1024 * 1024

_OWNER_FOLDER = 0o700


class ScorerProcesses:
    """Starts scorers of one home."""

    def __init__(self, home: Path, settings: Settings, objects: ObjectStore, module: str) -> None:
        self._home = home
        self._settings = settings
        self._objects = objects
        self._module = module

    def log_path(self, service: str, version: int) -> Path:
        """Where the scorers of a deployment write, one after the other."""
        return self._home / "logs" / f"{service}-{version}.log"

    def new_facts(self, order: DeployOrder) -> Facts:
        """Facts of a start that has not happened; the replica's name is unique for all time."""
        log = self.log_path(order.service, order.version)
        make_folders(log.parent)
        if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
            log.replace(log.with_suffix(".old.log"))
        return Facts(
            service=order.service,
            version=order.version,
            replica=uuid.uuid4().hex[:12],
            owner=os.getpid(),
            owner_birth=birth_of(os.getpid()),
            log_start=log.stat().st_size if log.exists() else 0,
        )

    def spawn(self, order: DeployOrder, facts: Facts) -> tuple[subprocess.Popen[bytes], Facts]:
        """The process, and the facts with it in them."""
        interpreter = interpreter_of(order.image, self._home)
        package = self._fetch(order)
        socket = self._socket_folder() / facts.replica
        # It outlives the process: what one scorer could not ship the next one does.
        spool = self._home / "spool" / order.service / str(order.version)
        # Empty, since Python looks for modules in the folder that a program is started in.
        work = self._home / "run" / "work" / f"{order.service}-{order.version}"
        make_folders(spool)
        make_folders(work)
        scorer = {
            "SERVICE": order.service,
            "VERSION": str(order.version),
            "PACKAGE": str(package),
            "PACKAGE_DIGEST": order.package_digest,
            "BIND": f"unix:{socket}",
            "SPOOL": str(spool),
            "REPLICA": facts.replica,
            "GATEWAY_KEY_SHA256": order.gateway_key_sha256,
            "WATCH_STDIN": "true",
        }
        named = {SCORER_PREFIX + name: value for name, value in scorer.items()}
        environment = child_environment(self._settings, {**order.settings, **named})
        inherited = environment.get("PYTHONPATH", "")
        environment["PYTHONPATH"] = import_path(order.image, inherited, self._home)
        with self.log_path(order.service, order.version).open("ab") as out:
            child = subprocess.Popen(
                [interpreter, "-m", self._module],
                # We hold the other end; it closes when we die, however we die.
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                start_new_session=True,
                cwd=work,
                env=environment,
            )
        started = replace(
            facts,
            pid=child.pid,
            birth=birth_of(child.pid),
            socket=str(socket),
            package=str(package),
        )
        return child, started

    def _fetch(self, order: DeployOrder) -> Path:
        """The package as a file, the one that was registered and no other."""
        name = f"{order.service}-{order.version}-{order.package_digest[:16]}.zip"
        package = self._home / "run" / "packages" / name
        if package.exists():
            return package
        make_folders(package.parent)
        partial = package.with_suffix(f".{uuid.uuid4().hex}")
        try:
            self._objects.download(order.package_key, partial)
            with partial.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != order.package_digest:
                raise BadPackage(
                    f"its sha256 is {digest}, not the {order.package_digest} that was registered",
                    file=order.package_key,
                    fix="upload the package again",
                )
            partial.replace(package)
        finally:
            partial.unlink(missing_ok=True)
        return package

    def _socket_folder(self) -> Path:
        """A private folder whose path leaves room for a socket's name."""
        folder = self._home / "run" / "sockets"
        if _is_too_long(folder):
            identity = hashlib.sha256(os.fsencode(self._home)).hexdigest()[:8]
            folder = Path(tempfile.gettempdir()) / f"scienceops-{os.getuid()}-{identity}"
        if _is_too_long(folder):
            raise BadSetting(f"{folder} is too long for a socket: set TMPDIR to a shorter path")
        folder.mkdir(mode=_OWNER_FOLDER, exist_ok=True)
        found = folder.lstat()
        if found.st_uid != os.getuid() or found.st_mode & 0o077:
            # In a folder that all may write to, somebody else may have been there first.
            raise BadSetting(f"{folder} is not ours alone: remove it, or set TMPDIR to another")
        return folder


def _is_too_long(folder: Path) -> bool:
    return len(os.fsencode(folder)) + 1 + 12 > LONGEST_SOCKET_BYTES
