"""The scorer: unpacks its package, runs a web process and a shipping process, drains on SIGTERM."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

# What takes long to import is imported where it is needed: a start is waited for.
from scienceops.errors import ScienceOpsError
from scorer_container import BOOT_ERROR, CANNOT_LOAD
from scorer_container.cpu_share import cpu_limit, thread_settings, workers_of

LOOK_SECONDS = 0.1
#: Least time between two starts of the shipping process.
RESTART_SECONDS = 5.0
#: Bytes that the C library may keep of what a large call has freed, and from which on it asks the
#: kernel for a block of its own. By default the next call gets all of it anew, page by page, which
#: takes as long as to score its rows. Other C libraries than glibc do not look at these.
KEPT_MEMORY = {
    "MALLOC_TRIM_THRESHOLD_": str(16 * 1024 * 1024),
    "MALLOC_MMAP_THRESHOLD_": str(4 * 1024 * 1024),
}


def main() -> int:
    """Run until told to stop: 0 drained, 1 died or captures are left, 3 no usable model."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    share = _share()
    with tempfile.TemporaryDirectory(prefix="scienceops-package-") as place:
        folder = Path(place) / "package"
        # It gets ready while the package is unpacked, and waits for the folder.
        web = _start("serve", folder, {**KEPT_MEMORY, **share})
        try:
            _unpack(folder)
            return _run(web, folder, stop, share)
        except ScienceOpsError as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            return CANNOT_LOAD
        finally:
            _end(web)


def _unpack(folder: Path) -> None:
    from scienceops.config import load_scorer_settings, load_settings
    from scienceops.core.package import read_package
    from scienceops.logs import configure_logs
    from scienceops.serving import stop_when_closed

    configure_logs()
    scorer, settings = load_scorer_settings(), load_settings()
    scorer.spool.mkdir(parents=True, exist_ok=True)
    unpacked = folder.with_name("unpacking")
    read_package(scorer.package, limit_bytes=settings.upload_limit_bytes).extract_to(unpacked)
    # Whole or not at all, for the web process takes it once it sees it.
    unpacked.rename(folder)
    if scorer.watch:
        stop_when_closed(scorer.watch)


def _share() -> dict[str, str]:
    """How many workers there are, and of what threads, as the children's environment says it."""
    cores = _number("SCORER_CPUS") or cpu_limit()
    workers = int(_number("SCORER_WORKERS"))
    if not workers:
        # Who may have one worker at most need not ask which model it is.
        workers = workers_of(_kind(), cores) if (cores or 1) >= 2 else 1
    return {**thread_settings(workers, cores), "SCORER_WORKERS": str(workers)}


def _number(name: str) -> float:
    """A setting; 0 for one that is absent, or none, which loading the settings tells."""
    try:
        return float(os.environ.get(name, "0"))
    except ValueError:
        return 0.0


def _kind() -> str:
    """The runtime that the package says; empty where it cannot be read, which unpacking tells."""
    import json
    import zipfile

    try:
        with zipfile.ZipFile(os.environ["SCORER_PACKAGE"]) as package:
            kind = json.loads(package.read("manifest.json"))["runtime"]["kind"]
    except (KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile):
        return ""
    return str(kind)


def _run(
    web: subprocess.Popen[bytes], folder: Path, stop: threading.Event, share: dict[str, str]
) -> int:
    ship, started_at = _start("ship", folder, share), time.monotonic()
    while not stop.wait(LOOK_SECONDS) and web.poll() is None:
        # One that cannot run at all must not take the processor from the one that serves.
        if ship.poll() is not None and time.monotonic() > started_at + RESTART_SECONDS:
            ship, started_at = _start("ship", folder, share), time.monotonic()
    asked = stop.is_set()
    _end(web)
    # Only now is every capture in a spool file that nobody writes to.
    left = _end(ship)
    if asked:
        return left
    error = folder / BOOT_ERROR
    if error.exists():
        sys.stderr.write(error.read_text() + "\n")
        return CANNOT_LOAD
    sys.stderr.write(f"the web process ended with exit code {web.returncode}\n")
    return 1


def _start(name: str, folder: Path, share: dict[str, str]) -> subprocess.Popen[bytes]:
    # A child begins with SIGTERM held back, so that one that comes while it is still importing is
    # heard once it can act on it: what ships captures must ship the last of them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        return subprocess.Popen(
            [sys.executable, "-m", f"scorer_container.{name}", str(folder)],
            stdin=subprocess.PIPE,
            env={**share, **os.environ, "SCORER_WORKERS": share["SCORER_WORKERS"]},
        )
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _end(process: subprocess.Popen[bytes]) -> int:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
