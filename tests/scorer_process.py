"""A real scorer for tests: the process that a runtime would start, on a port of its own."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from contract.waiting import PATIENCE
from platform_process import ROOT, wait_for
from ports import free_ports

KEY = "the gateway's key"


class Scorer:
    """One scorer process over a folder with spool and bucket."""

    def __init__(self, folder: Path, package: Path, *, workers: int = 1, **settings: str) -> None:
        self.port = free_ports(1)[0]
        self.home = folder / "home"
        self.spool = folder / "spool"
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("SCIENCEOPS_", "SCORER_"))},
            "PYTHONPATH": f"{ROOT / 'shared'}{os.pathsep}{ROOT}",
            "SCIENCEOPS_HOME": str(self.home),
            "SCIENCEOPS_SEGMENT_SECONDS": "0.3",
            "SCORER_SERVICE": "iris",
            "SCORER_VERSION": "1",
            "SCORER_PACKAGE": str(package),
            "SCORER_PACKAGE_DIGEST": hashlib.sha256(package.read_bytes()).hexdigest(),
            "SCORER_BIND": f"127.0.0.1:{self.port}",
            "SCORER_SPOOL": str(self.spool),
            "SCORER_REPLICA": "replica",
            "SCORER_GATEWAY_KEY_SHA256": hashlib.sha256(KEY.encode()).hexdigest(),
            "SCORER_WORKERS": str(workers),
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "scorer.log"

    def start(self) -> "Scorer":
        """Start it and wait until it is ready."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scorer_container"],
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
            )
        wait_for(self._is_ready, 40, f"the scorer; {self.log} has its words")
        return self

    def stop(self) -> int:
        """Stop it as a runtime does; its exit code."""
        assert self.process is not None
        assert self.process.stdin is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(40 * PATIENCE)
        self.process.stdin.close()
        return code

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, headers by lower-case name, body) of one request."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            asked = urllib.request.Request(url, data, named, method=method)
            with urllib.request.urlopen(asked, timeout=30 * PATIENCE) as reply:
                return reply.status, _lower(reply.headers), reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _lower(error.headers), error.read()

    def score(self, rows: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        """(status, answer) of scoring rows as the gateway does."""
        body = rows if isinstance(rows, bytes) else {"input_df": rows}
        status, _, text = self.ask("POST", "/score", body, Authorization=f"Bearer {KEY}", **headers)
        return status, json.loads(text)

    def captured(self) -> list[dict[str, Any]]:
        """Every captured row in the bucket."""
        import pyarrow.parquet as pq

        rows: list[dict[str, Any]] = []
        for path in sorted((self.home / "bucket" / "captures").rglob("*.parquet")):
            rows += pq.ParquetFile(path).read().to_pylist()
        return rows

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.ask("GET", "/readyz")[0] == 200
        except OSError:
            return False


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
