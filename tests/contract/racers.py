"""Racer: a process that does one thing to the local platform when told to, and says what came."""

import hashlib
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from scienceops.adapters.local.job_launcher import SubprocessJobLauncher
from scienceops.adapters.local.message_queue import SqliteMessageQueue
from scienceops.adapters.local.model_registry import SqliteModelRegistry
from scienceops.adapters.local.object_store import FolderObjectStore
from scienceops.adapters.local.secret_store import FileSecretStore
from scienceops.adapters.local.service_runtime import ProcessServiceRuntime
from scienceops.config import Settings
from scienceops.errors import ObjectExists, RevisionConflict
from scienceops.ports.job_launcher import JobOrder
from scienceops.ports.model_registry import LedgerEntry, Record
from scienceops.ports.service_runtime import DeployOrder, Observed

KEY = "captures/iris/1/date=2026-11-23/a-00000001.parquet"
PUTS = 25
PACKAGE_KEY = "versions/iris/1/package.zip"
PACKAGE = b"a package"


def open_store(home: Path) -> FolderObjectStore:
    return FolderObjectStore(home / "bucket", SqliteMessageQueue(home / "platform.db"))


def put_if_absent(home: Path, name: str) -> str:
    try:
        open_store(home).put(KEY, name.encode() * 1000, if_absent=True)
    except ObjectExists:
        return "lost"
    return "won"


def put_from_pipe(home: Path, name: str) -> str:
    """Put what comes through the named pipe `name`, which the test controls."""
    open_store(home).put(KEY, Path(name))
    return "done"


def open_new_file(home: Path, name: str) -> str:
    """Be among the first to open a file that is not there yet."""
    SqliteMessageQueue(home / "platform.db").send("work", {"from": name})
    return "done"


def claim(home: Path, name: str) -> str:
    """Claim messages until there are none; the numbers that were got."""
    queue = SqliteMessageQueue(home / "platform.db")
    got = []
    while deliveries := queue.receive("work", most=3):
        for delivery in deliveries:
            got.append(str(delivery.body["number"]))
            queue.acknowledge(delivery)
    return " ".join(got)


def increment(home: Path, name: str) -> str:
    """Add one to a counter PUTS times, by compare-and-set; how often another was faster."""
    registry = SqliteModelRegistry(home / "platform.db")
    conflicts = done = 0
    while done < PUTS:
        done += _increment_once(registry, name)
        conflicts += 1
    return str(conflicts - PUTS)


def increment_for_ever(home: Path, name: str) -> str:
    """Increment until killed."""
    registry = SqliteModelRegistry(home / "platform.db")
    while True:
        _increment_once(registry, name)


def put_secret(home: Path, name: str) -> str:
    return FileSecretStore(home / "secrets").put("gateway-secret", name, if_absent=True)


def start_job(home: Path, name: str) -> str:
    jobs = SubprocessJobLauncher(home, Settings(home=home))
    order = JobOrder("run-1", "contract.stand_in_job", ("say", name), timeout_seconds=60)
    return jobs.start(order)


def open_runtime(home: Path) -> ProcessServiceRuntime:
    return ProcessServiceRuntime(
        home,
        Settings(home=home),
        open_store(home),
        module="contract.stand_in_scorer",
        grace_seconds=1,
    )


def make_order(version: int = 1, *, behaviour: str = "", image: str = "") -> DeployOrder:
    digest = hashlib.sha256(PACKAGE).hexdigest()
    settings = {"STAND_IN": behaviour}
    return DeployOrder("iris", version, image, PACKAGE_KEY, digest, "f" * 64, settings)


def look_at_service(home: Path, name: str) -> str:
    runtime = open_runtime(home)
    status = runtime.status("iris", 1)
    reply = runtime.call(status.endpoint, "GET", "/healthz", headers={})
    return f"{status.observed} {status.endpoint} {reply.status}"


def own_service(home: Path, name: str) -> str:
    """Start the service, say so once it is ready, then live until killed."""
    runtime = open_runtime(home)
    runtime.start(make_order())
    while runtime.status("iris", 1).observed is not Observed.READY:
        time.sleep(0.02)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Event().wait()
    return ""


def _increment_once(registry: SqliteModelRegistry, name: str) -> bool:
    found = registry.get("iris", "counter") or Record("iris", "counter", 0, {"value": 0})
    entry = LedgerEntry("iris", datetime.now(UTC), name, "counted")
    body = {"value": found.body["value"] + 1}
    try:
        registry.put(Record("iris", "counter", found.revision, body), entry)
    except RevisionConflict:
        return False
    return True


ACTIONS = {
    action.__name__: action
    for action in (
        put_if_absent,
        put_from_pipe,
        open_new_file,
        claim,
        increment,
        increment_for_ever,
        put_secret,
        start_job,
        look_at_service,
        own_service,
    )
}


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(ACTIONS[sys.argv[1]](Path(sys.argv[2]), sys.argv[3]) + "\n")
