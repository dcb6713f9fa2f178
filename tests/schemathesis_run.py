"""Schemathesis, as its command line runs it, on what serves an Iris model."""

import os
import subprocess
import sys
from pathlib import Path

from contract.waiting import PATIENCE

EXAMPLES = 40


def findings(url: str, document: str, key: str, folder: Path) -> str:
    """What it found wrong with the API at `url` that `document` describes; empty for nothing.

    The examples are the same each time.
    """
    script = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"
    done = subprocess.run(
        [
            sys.executable, "-c", script, "run", url + document, "--url", url,
            "--header", f"Authorization: Bearer {key}", "--checks", "all",
            "--max-examples", str(EXAMPLES), "--generation-deterministic",
            "--no-color",
        ],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parent),
            "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
        },
        cwd=folder, capture_output=True, text=True, timeout=300 * PATIENCE, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr
