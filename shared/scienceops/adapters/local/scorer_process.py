"""Scorer processes: what a scorer needs around it, and how it is started."""

import contextlib
import os
import subprocess
import tempfile
import uuid
from dataclasses import replace
from pathlib import Path

from scienceops.adapters.local.deployment_facts import Facts
from scienceops.adapters.local.environments import Environments
from scienceops.adapters.local.files import make_folders
from scienceops.adapters.local.import_path import import_path
from scienceops.adapters.local.processes import birth_of
from scienceops.adapters.local.socket_folder import socket_folder
from scienceops.config import SCORER_PREFIX, Settings, child_environment
from scienceops.core.images import is_reference
from scienceops.digests import digest_of
from scienceops.errors import BadInput, BadPackage
from scienceops.ports.object_store import ObjectStore
from scienceops.ports.service_runtime import DeployOrder

LARGEST_LOG_BYTES = 10 * 1024 * 1024


class ScorerProcesses:
    """Starts scorers of one home."""

    def __init__(self, home: Path, settings: Settings, objects: ObjectStore, module: str) -> None:
        self._home = home
        self._settings = settings
        self._objects = objects
        self._module = module
        self._environments = Environments(home)

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
            image=order.image,
        )

    def awaited(self, facts: Facts) -> str:
        """What is made before this scorer can answer, in words; empty when nothing is."""
        # A list that went since it was read is told by the next start.
        with contextlib.suppress(BadInput):
            if not is_reference(facts.image):
                return self._environments.awaited(facts.image)
        return ""

    def spawn(self, order: DeployOrder, facts: Facts) -> tuple[subprocess.Popen[bytes], Facts]:
        """The process, and the facts with it in them."""
        # It outlives the process: what one scorer could not ship the next one does.
        spool = self._home / "spool" / order.service / str(order.version)
        # Empty, since Python looks for modules in the folder that a program is started in.
        work = self._home / "run" / "work" / f"{order.service}-{order.version}"
        make_folders(spool)
        make_folders(work)
        package: Path | str = ""
        if is_reference(order.image):
            # Not for a machine without an engine to load.
            from scienceops.adapters.engine.programs import scorer_command

            command, socket = scorer_command(order, facts.replica, spool, self._settings)
            environment = child_environment(self._settings, {})
            environment["PYTHONPATH"] = import_path(self._home, environment.get("PYTHONPATH", ""))
        else:
            package = self._fetch(order)
            socket = socket_folder(self._home) / facts.replica
            environment = self._environment(order, facts.replica, package, socket, spool)
            command, environment["PYTHONPATH"] = self._environments.command(
                order.image, ["-m", self._module], environment.get("PYTHONPATH", "")
            )
        environment["TMPDIR"] = scratch = tempfile.mkdtemp(prefix="scienceops-scorer-")
        with self.log_path(order.service, order.version).open("ab") as out:
            child = subprocess.Popen(
                command,
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
            scratch=scratch,
        )
        return child, started

    def _environment(
        self, order: DeployOrder, replica: str, package: Path, socket: Path, spool: Path
    ) -> dict[str, str]:
        scorer = {
            "SERVICE": order.service,
            "VERSION": str(order.version),
            "PACKAGE": str(package),
            "PACKAGE_DIGEST": order.package_digest,
            "BIND": f"unix:{socket}",
            "SPOOL": str(spool),
            "REPLICA": replica,
            "GATEWAY_KEY_SHA256": order.gateway_key_sha256,
            "WATCH": "stdin",
        }
        named = {SCORER_PREFIX + name: value for name, value in scorer.items()}
        return child_environment(self._settings, {**order.settings, **named})

    def _fetch(self, order: DeployOrder) -> Path:
        """The package as a file, the one that was registered and no other."""
        name = f"{order.service}-{order.version}-{order.package_digest[:16]}.zip"
        package = self._home / "run" / "packages" / name
        # A machine that lost its power may have kept the name and not the content.
        if package.exists() and digest_of(package) == order.package_digest:
            return package
        make_folders(package.parent)
        partial = package.with_suffix(f".{uuid.uuid4().hex}")
        try:
            self._objects.download(order.package_key, partial)
            digest = digest_of(partial)
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
