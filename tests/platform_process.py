"""A real platform for tests: `up` as a process on a home of its own, and the calls of its users."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from contract.waiting import PATIENCE
from ports import free_ports

ROOT = Path(__file__).parents[1]
SETTINGS = {
    # Whatever engine this machine runs, a test that is not about containers uses none.
    "SCIENCEOPS_ENGINE": "none",
    "SCIENCEOPS_TICK_SECONDS": "0.5",
    "SCIENCEOPS_UPLOAD_SETTLE_SECONDS": "1.5",
    "SCIENCEOPS_UPLOAD_POLL_SECONDS": "0.1",
    "SCIENCEOPS_DRAIN_SECONDS": "3",
    "SCIENCEOPS_SEGMENT_SECONDS": "0.5",
    "SCIENCEOPS_STATISTICS_SECONDS": "3600",
}


def wait_for(look: Callable[[], Any], seconds: float = 60, what: str = "it") -> Any:
    """The first true value of `look`; fails when there is none in time."""
    end = time.monotonic() + PATIENCE * seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {PATIENCE * seconds} s for {what}")


class Platform:
    """One home, and the host that serves it while it runs.

    python: whose ScienceOps it is; this checkout's when not given.
    """

    def __init__(self, home: Path, python: str = "", **settings: str) -> None:
        self.home = home
        self.python = python or sys.executable
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SCIENCEOPS_")},
            **SETTINGS,
            **settings,
            "SCIENCEOPS_HOME": str(home),
            "PYTHONPATH": "" if python else f"{ROOT / 'shared'}{os.pathsep}{ROOT}",
        }
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self.host: subprocess.Popen[bytes] | None = None

    def up(self, *words: str) -> "Platform":
        """Start the host, with these words after its command, and wait until it says so."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "up.log").open("ab") as out:
            self.host = subprocess.Popen(
                [
                    self.python,
                    "-m",
                    "functions.local.host",
                    "--port",
                    str(self.port),
                    *words,
                ],
                stdout=out,
                stderr=out,
                env=self.env,
                start_new_session=True,
            )
        wait_for(self._is_up, 40, f"the host; {self.home / 'up.log'} has its words")
        return self

    def down(self) -> None:
        """Stop the host as Ctrl-C does."""
        if self.host is not None and self.host.poll() is None:
            self.host.send_signal(signal.SIGTERM)
            self.host.wait(60 * PATIENCE)

    def kill(self) -> None:
        """Kill the host alone, as a crash would."""
        assert self.host is not None
        self.host.kill()
        self.host.wait()

    def cli(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the command line on this home."""
        code = "from scienceops.cli.main import main; main()"
        done = subprocess.run(
            [self.python, "-c", code, *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=600 * PATIENCE,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def json(self, *words: str) -> Any:
        """What the command prints with --json."""
        return json.loads(self.cli(*words, "--json").stdout.splitlines()[-1])

    def request(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """(status, headers, JSON or text) of one HTTP request to the gateway."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        asked = urllib.request.Request(self.url + path, data, named, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=60 * PATIENCE) as reply:
                status, got, text = reply.status, dict(reply.headers), reply.read()
        except urllib.error.HTTPError as error:
            with error:
                status, got, text = error.code, dict(error.headers), error.read()
        with contextlib.suppress(ValueError):
            return status, got, json.loads(text)
        return status, got, text.decode()

    def read(self, path: str) -> Any:
        """What the API tells of a path to its owner, None while it knows of no such thing.

        Waits look by it: a command costs a second of the machine that they wait for.
        """
        token = f"Bearer {self.owner_token()}"
        status, _, told = self.request("GET", f"/api/v1/{path}", Authorization=token)
        assert status in (200, 404), told
        return told if status == 200 else None

    def live(self, name: str) -> int | None:
        """The number of the service's live version, if it has one."""
        return (self.read(f"services/{name}") or {}).get("live")

    def score(self, name: str, rows: list[dict[str, Any]], key: str, **headers: str) -> Any:
        """(status, headers, answer) of scoring rows."""
        path = f"/api/v1/service/{name}/score"
        return self.request(
            "POST", path, {"input_df": rows}, Authorization=f"Bearer {key}", **headers
        )

    def owner_token(self) -> str:
        """The token of whoever owns the home."""
        return (self.home / "secrets" / "owner-token").read_text()

    def captured(self, name: str) -> list[dict[str, Any]]:
        """Every captured row in the bucket."""
        import pyarrow.parquet as pq

        rows: list[dict[str, Any]] = []
        for path in sorted((self.home / "bucket" / "captures" / name).rglob("*.parquet")):
            rows += pq.ParquetFile(path).read().to_pylist()
        return rows

    def _is_up(self) -> bool:
        assert self.host is not None
        assert self.host.poll() is None, (self.home / "up.log").read_text()
        try:
            facts = json.loads((self.home / "up.lock").read_text())
        except (FileNotFoundError, ValueError):
            return False
        return facts.get("pid") == self.host.pid and "url" in facts


@contextlib.contextmanager
def running_platform(home: Path, **settings: str) -> Iterator[Platform]:
    """A platform that is up, and is stopped at the end."""
    platform = Platform(home, **settings)
    try:
        yield platform.up()
    finally:
        platform.down()
