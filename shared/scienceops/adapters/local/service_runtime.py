"""ProcessServiceRuntime: a scorer is a process of this machine. It has no sandbox."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scienceops.adapters.local.images import interpreter_of, source_path
from scienceops.adapters.local.scorer_client import ScorerClient
from scienceops.adapters.local.supervise import birth_of, tail_of, write_whole
from scienceops.config import Settings
from scienceops.errors import ServiceNotReady
from scienceops.ports.object_store import ObjectStore
from scienceops.ports.service_runtime import DeployOrder, Observed, Reply, ServiceStatus

#: A scorer that has not drained by then is killed; its captures are shipped by the next one.
GRACE_SECONDS = 60
PROBE_SECONDS = 5


class ProcessServiceRuntime:
    """ServiceRuntime with processes. Each deployment's facts lie in home/run/NAME-VERSION.json."""

    def __init__(
        self, home: Path, settings: Settings, objects: ObjectStore, module: str = "scorer_container"
    ) -> None:
        self._home = home
        self._settings = settings
        self._objects = objects
        self._module = module
        self._client = ScorerClient()
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def start(self, order: DeployOrder) -> None:
        """Start the scorer, unless it runs."""
        with self._lock:
            running = self.status(order.service, order.version).observed
            if running not in (Observed.STARTING, Observed.READY):
                self._spawn(order)

    def status(self, service: str, version: int) -> ServiceStatus:
        """How the scorer stands."""
        facts = self._facts(service, version)
        if not facts or facts["stopping"]:
            return ServiceStatus(service, version, Observed.STOPPED)
        if birth_of(facts["owner"]) != facts["owner_birth"]:
            # Its parent died, so it drains and ends by itself: that is no fault of the model's,
            # and a new one need not wait for it.
            return ServiceStatus(service, version, Observed.STOPPED)
        self._reap(facts["pid"])
        tail = tail_of(self._read_log(service, version))
        if birth_of(facts["pid"]) != facts["birth"]:
            reason = tail[-1] if tail else "it left no word"
            return ServiceStatus(
                service, version, Observed.FAILED, "", f"the scorer ended: {reason}", tail
            )
        endpoint = facts["endpoint"]
        with contextlib.suppress(ServiceNotReady):
            reply = self._client.call(endpoint, "GET", "/readyz", {}, b"", PROBE_SECONDS)
            if reply.status == 200:
                return ServiceStatus(service, version, Observed.READY, endpoint, "", tail)
        # What was ready before is busy or full, not starting: it keeps its place.
        return ServiceStatus(service, version, Observed.STARTING, "", "", tail)

    def stop(self, service: str, version: int) -> None:
        """Ask the scorer to drain; a watcher kills it when it does not."""
        facts = self._facts(service, version)
        if not facts or facts["stopping"]:
            return
        self._write_facts(service, version, {**facts, "stopping": True})
        if birth_of(facts["pid"]) != facts["birth"]:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(facts["pid"], signal.SIGTERM)
        threading.Thread(target=self._see_out, args=(facts,), daemon=True).start()

    def deployments(self) -> list[ServiceStatus]:
        """Every scorer that was started and not stopped."""
        found = []
        for path in sorted((self._home / "run").glob("*.json")):
            facts = json.loads(path.read_text())
            if not facts["stopping"]:
                found.append(self.status(facts["service"], facts["version"]))
        return found

    def call(
        self,
        endpoint: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        timeout_seconds: float = 60,
    ) -> Reply:
        """One request to a scorer."""
        return self._client.call(endpoint, method, path, headers, body, timeout_seconds)

    def draining(self) -> bool:
        """Whether a scorer that this process was asked to stop still runs."""
        with self._lock:
            return any(child.poll() is None for child in self._children.values())

    def _spawn(self, order: DeployOrder) -> None:
        service, version = order.service, order.version
        package = self._home / "run" / "packages" / f"{order.package_digest}.zip"
        if not package.exists():
            package.parent.mkdir(parents=True, exist_ok=True)
            partial = package.with_suffix(f".{uuid.uuid4().hex}")
            self._objects.download(order.package_key, partial)
            partial.replace(package)
        # A socket's path may have about 100 bytes, so it lies in a short private folder.
        sockets = Path(tempfile.mkdtemp(prefix="scienceops-"))
        endpoint = f"unix:{sockets / 's'}"
        spool = self._home / "spool" / service / str(version)
        spool.mkdir(parents=True, exist_ok=True)
        log = self._log_path(service, version)
        log.parent.mkdir(parents=True, exist_ok=True)
        scorer = {
            "SERVICE": service,
            "VERSION": str(version),
            "PACKAGE": str(package),
            "PACKAGE_DIGEST": order.package_digest,
            "BIND": endpoint,
            "SPOOL": str(spool),
            "REPLICA": uuid.uuid4().hex[:12],
            "GATEWAY_KEY_SHA256": order.gateway_key_sha256,
            "WATCH_STDIN": "true",
        }
        with log.open("ab") as out:
            child = subprocess.Popen(
                [interpreter_of(order.image, self._home), "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                start_new_session=True,
                env={
                    **os.environ,
                    **self._settings.as_environment,
                    **order.settings,
                    **{f"SCORER_{name}": value for name, value in scorer.items()},
                    "PYTHONPATH": source_path(),
                },
            )
        self._children[child.pid] = child
        self._write_facts(
            service,
            version,
            {
                "service": service,
                "version": version,
                "pid": child.pid,
                "birth": birth_of(child.pid),
                "owner": os.getpid(),
                "owner_birth": birth_of(os.getpid()),
                "endpoint": endpoint,
                "stopping": False,
            },
        )

    def _see_out(self, facts: dict[str, Any]) -> None:
        end = time.monotonic() + GRACE_SECONDS
        while birth_of(facts["pid"]) == facts["birth"]:
            self._reap(facts["pid"])
            if time.monotonic() > end:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(facts["pid"], signal.SIGKILL)
            time.sleep(0.1)
        shutil.rmtree(Path(facts["endpoint"][5:]).parent, ignore_errors=True)

    def _reap(self, pid: int) -> None:
        child = self._children.get(pid)
        if child is not None:
            child.poll()

    def _facts(self, service: str, version: int) -> dict[str, Any]:
        try:
            facts: dict[str, Any] = json.loads(self._facts_path(service, version).read_text())
        except FileNotFoundError:
            return {}
        return facts

    def _write_facts(self, service: str, version: int, facts: dict[str, Any]) -> None:
        path = self._facts_path(service, version)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(facts))

    def _facts_path(self, service: str, version: int) -> Path:
        return self._home / "run" / f"{service}-{version}.json"

    def _log_path(self, service: str, version: int) -> Path:
        return self._home / "logs" / f"{service}-{version}.log"

    def _read_log(self, service: str, version: int) -> str:
        try:
            with self._log_path(service, version).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 20_000))
                return file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
