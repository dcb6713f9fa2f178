"""ProcessServiceRuntime: a scorer is a process of this machine, alone or around a container."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from scienceops.adapters.local.deployment_facts import Facts, FactsFolder
from scienceops.adapters.local.log_files import tail_of
from scienceops.adapters.local.processes import is_alive, signal_session
from scienceops.adapters.local.scorer_process import ScorerProcesses
from scienceops.adapters.local.socket_folder import remove_socket
from scienceops.adapters.local.supervise import how_it_ended
from scienceops.adapters.scoring.readiness import why_not_ready
from scienceops.adapters.scoring.scorer_client import ScorerClient
from scienceops.bodies import Body
from scienceops.config import Settings
from scienceops.core.policy import check_runtime
from scienceops.errors import ScienceOpsError, ServiceNotReady
from scienceops.ports.object_store import ObjectStore
from scienceops.ports.service_runtime import DeployOrder, Observed, Reply, ServiceStatus

#: A scorer that has not drained by then is killed; its captures are shipped by the next one.
GRACE_SECONDS = 60
PROBE_SECONDS = 5
#: A scorer that answered once and then nothing for so long, which is longer than any call through
#: the gateway takes, will not answer any more: it is replaced like one that crashed.
HANG_SECONDS = 90
LOOK_SECONDS = 0.1
#: How long whoever watches a scorer may take to write down how it ended.
WORD_SECONDS = 1.0


class ProcessServiceRuntime:
    """ServiceRuntime with processes.

    The process that starts a scorer owns it: it holds the scorer's standard input, and when it
    dies the scorer drains and ends. What others need to know of it lies under home/run.
    """

    def __init__(
        self,
        home: Path,
        settings: Settings,
        objects: ObjectStore,
        *,
        module: str = "scorer_container",
        grace_seconds: float = GRACE_SECONDS,
        hang_seconds: float = HANG_SECONDS,
    ) -> None:
        self._scorers = ScorerProcesses(home, settings, objects, module)
        self._facts = FactsFolder(home / "run")
        self._client = ScorerClient()
        self._grace_seconds = grace_seconds
        self._hang_seconds = hang_seconds
        #: Of each replica that answered here: since when it does not; None while it does.
        self._silent_since: dict[str, float | None] = {}

    def start(self, order: DeployOrder) -> None:
        """Start the scorer, unless it runs."""
        with self._facts.turn(order.service, order.version):
            facts = self._facts.read(order.service, order.version)
            if facts is not None and _runs(facts):
                if not self._hangs(facts):
                    return
                self._end(facts)
            if facts is not None and not is_alive(facts.pid, facts.birth):
                # Left by a scorer whose owner died before it could tidy up.
                _tidy(facts)
            facts = self._scorers.new_facts(order)
            try:
                check_runtime(order.runtime, "local")
                child, facts = self._scorers.spawn(order, facts)
            except (ScienceOpsError, OSError) as error:
                # Told by status, as on a platform where a start fails after it was asked for.
                self._facts.write(replace(facts, ended=f"the scorer cannot be started: {error}"))
                return
            self._facts.write(facts)
        threading.Thread(target=self._watch, args=(child, facts), daemon=True).start()

    def status(self, service: str, version: int) -> ServiceStatus:
        """How the scorer stands."""
        return self._look(service, version, self._facts.read(service, version))

    def stop(self, service: str, version: int) -> None:
        """Ask the scorer to drain; it is killed when it does not."""
        with self._facts.turn(service, version):
            facts = self._facts.read(service, version)
            if facts is None or facts.stopping:
                return
            if not is_alive(facts.pid, facts.birth):
                self._forget(facts)
                return
            self._facts.write(replace(facts, stopping=True))
            self._end(facts)

    def deployments(self) -> list[ServiceStatus]:
        """Every scorer that was started and not stopped."""
        found = [self._look(facts.service, facts.version, facts) for facts in self._facts.all()]
        return [status for status in found if status.observed is not Observed.STOPPED]

    def is_draining(self) -> bool:
        """Whether a scorer that was told to stop still answers or ships; of this platform alone."""
        return any(f.stopping and is_alive(f.pid, f.birth) for f in self._facts.all())

    def call(
        self,
        endpoint: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: Body = b"",
        timeout_seconds: float = 60,
    ) -> Reply:
        """One request to a scorer."""
        return self._client.call(endpoint, method, path, headers, body, timeout_seconds)

    def _look(self, service: str, version: int, facts: Facts | None) -> ServiceStatus:
        if facts is None or facts.stopping:
            return ServiceStatus(service, version, Observed.STOPPED)
        log = self._scorers.log_path(service, version)

        def status(observed: Observed, reason: str = "", endpoint: str = "") -> ServiceStatus:
            # Read after the look that it explains: what a scorer says last is why it ended.
            tail = tail_of(log, since=facts.log_start)
            return ServiceStatus(service, version, observed, endpoint, reason, tail)

        if facts.ended:
            return status(Observed.FAILED, facts.ended)
        if not is_alive(facts.owner, facts.owner_birth):
            # Its owner died, so it drains and ends by itself; a new one need not wait for that.
            return ServiceStatus(service, version, Observed.STOPPED)
        if not is_alive(facts.pid, facts.birth):
            # Its watcher is about to write down how it ended.
            told = self._await_word(facts)
            if told is None or told.replica != facts.replica or told.stopping:
                return ServiceStatus(service, version, Observed.STOPPED)
            reason = told.ended or "the scorer's process vanished"
            return status(Observed.FAILED, reason)
        endpoint = f"unix:{facts.socket}"
        try:
            reply = self._client.call(endpoint, "GET", "/readyz", {}, b"", PROBE_SECONDS)
        except ServiceNotReady as error:
            if facts.replica in self._silent_since:
                since = self._silent_since[facts.replica]
                self._silent_since[facts.replica] = since or time.monotonic()
            if self._hangs(facts):
                reason = f"the scorer has not answered for {self._hang_seconds:g} s"
                return status(Observed.FAILED, reason)
            reason = self._scorers.awaited(facts) or str(error)
            return status(Observed.STARTING, reason)
        self._silent_since[facts.replica] = None
        if reply.status == 200:
            return status(Observed.READY, endpoint=endpoint)
        reason = why_not_ready(reply)
        return status(Observed.STARTING, reason)

    def _hangs(self, facts: Facts) -> bool:
        since = self._silent_since.get(facts.replica)
        return since is not None and time.monotonic() - since >= self._hang_seconds

    def _end(self, facts: Facts) -> None:
        """Ask it to drain, and kill it when it does not; the caller has its turn."""
        self._silent_since.pop(facts.replica, None)
        with contextlib.suppress(ProcessLookupError):
            os.kill(facts.pid, signal.SIGTERM)
        threading.Thread(target=self._see_out, args=(facts,), daemon=True).start()

    def _await_word(self, facts: Facts) -> Facts | None:
        end = time.monotonic() + WORD_SECONDS
        while True:
            now = self._facts.read(facts.service, facts.version)
            silent = now is not None and now.replica == facts.replica and not now.ended
            if not silent or time.monotonic() > end:
                return now
            time.sleep(0.02)

    def _watch(self, child: subprocess.Popen[bytes], facts: Facts) -> None:
        code = child.wait()
        if child.stdin is not None:
            child.stdin.close()
        _tidy(facts)
        # A home that was removed has nobody left to be told.
        with (
            contextlib.suppress(FileNotFoundError),
            self._facts.turn(facts.service, facts.version),
        ):
            now = self._facts.read(facts.service, facts.version)
            if now is None or now.replica != facts.replica:
                return
            if now.stopping:
                self._forget(now)
                return
            tail = tail_of(
                self._scorers.log_path(facts.service, facts.version), since=facts.log_start
            )
            last_words = f": {tail[-1]}" if tail else ""
            ended = f"the scorer {how_it_ended(code)}{last_words}"
            self._facts.write(replace(now, ended=ended))

    def _see_out(self, facts: Facts) -> None:
        end = time.monotonic() + self._grace_seconds
        while is_alive(facts.pid, facts.birth) and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
        if is_alive(facts.pid, facts.birth):
            signal_session(facts.pid, signal.SIGKILL)
        if not is_alive(facts.owner, facts.owner_birth):
            # Else its owner is watching and does this.
            with self._facts.turn(facts.service, facts.version):
                now = self._facts.read(facts.service, facts.version)
                if now is not None and now.replica == facts.replica:
                    self._forget(now)

    def _forget(self, facts: Facts) -> None:
        self._facts.remove(facts)
        _tidy(facts)
        if facts.package:
            Path(facts.package).unlink(missing_ok=True)


def _tidy(facts: Facts) -> None:
    """Remove what a scorer that has ended left beside its spool and its log."""
    if facts.socket:
        remove_socket(Path(facts.socket))
    if facts.scratch:
        shutil.rmtree(facts.scratch, ignore_errors=True)


def _runs(facts: Facts) -> bool:
    return (
        not facts.stopping
        and not facts.ended
        and is_alive(facts.owner, facts.owner_birth)
        and is_alive(facts.pid, facts.birth)
    )
