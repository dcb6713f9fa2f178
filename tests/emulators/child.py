"""Emulators as child processes: on ports of their own, waited for, ended by their group."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
READY_SECONDS = 240
END_SECONDS = 3


class Emulator:
    """A child process that answers on `url` once it is up."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], url: str, log: Path
    ) -> None:
        # What names the tests' own platform or account is none of an emulator's business.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SCIENCEOPS_"))}
        self.url = url
        self.log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [*_end_with_parent(), *command],
                env={**kept, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, path: str) -> None:
        """Return once `path` is answered with anything at all; fails with the end of the log."""
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with urllib.request.urlopen(self.url + path, timeout=5):
                    return
            except urllib.error.HTTPError:
                return
            except OSError:
                # Its own end ends this pause.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(0.1)
        self.stop()
        raise AssertionError(f"{self.url} did not come up:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End it with everything that it started."""
        for number, seconds in ((signal.SIGTERM, END_SECONDS), (signal.SIGKILL, None)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)


def _end_with_parent() -> list[str]:
    """What to put before a command so that it ends when the tests are killed."""
    program = shutil.which("setpriv")
    return [program, "--pdeathsig", "KILL"] if program else []
