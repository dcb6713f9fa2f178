"""The scorer: unpacks its package, runs a web process and a shipping process, drains on SIGTERM."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from scienceops.config import load_scorer_settings, load_settings
from scienceops.core.package import read_package
from scienceops.errors import ScienceOpsError
from scienceops.logs import configure_logs
from scienceops.serving import stop_when_parent_dies
from scorer_container.serve import BOOT_ERROR

LOOK_SECONDS = 0.1
CANNOT_LOAD = 3


def main() -> int:
    """Run until told to stop: 0 drained, 1 died or captures are left, 3 no usable model."""
    configure_logs()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        scorer, settings = load_scorer_settings(), load_settings()
        scorer.spool.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="scienceops-package-") as place:
            folder = Path(place) / "package"
            read_package(scorer.package, limit_bytes=settings.upload_limit_bytes).extract_to(folder)
            if scorer.watch_stdin:
                stop_when_parent_dies()
            return _run(folder, stop)
    except ScienceOpsError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return CANNOT_LOAD


def _run(folder: Path, stop: threading.Event) -> int:
    web, ship = _start("serve", folder), _start("ship", folder)
    while not stop.wait(LOOK_SECONDS) and web.poll() is None:
        if ship.poll() is not None:
            ship = _start("ship", folder)
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


def _start(name: str, folder: Path) -> subprocess.Popen[bytes]:
    # One thread per model call: the web server's threads share the cores already.
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    return subprocess.Popen(
        [sys.executable, "-m", f"scorer_container.{name}", str(folder)],
        stdin=subprocess.PIPE,
        env={**threads, **os.environ},
    )


def _end(process: subprocess.Popen[bytes]) -> int:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
