"""Environments: one for each peer, under .bench/, made with uv when it is first measured."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACE = ROOT / ".bench"

_MODEL = ("scikit-learn==1.9.1", "pandas<3")
#: Peer -> what its environment is made from. All read the same joblib file.
PINS = {
    "mlflow": ("mlflow==3.17.2", *_MODEL),
    "mlserver": ("mlserver==1.7.1", "mlserver-sklearn==1.7.1", *_MODEL),
    "bentoml": ("bentoml==1.4.40", *_MODEL),
    "fastapi": ("fastapi==0.165.0", "uvicorn[standard]==0.54.0", *_MODEL),
    "flask": ("flask==3.1.3", "granian==2.8.7", *_MODEL),
}
#: Packages whose versions are told, where a peer has them.
_TOLD = {
    "mlflow", "mlserver", "mlserver-sklearn", "bentoml", "fastapi", "uvicorn", "uvloop",
    "httptools", "flask", "granian", "scikit-learn", "numpy", "pandas", "pydantic",
}  # fmt: skip


def python_of(peer: str) -> str:
    """The Python of a peer's environment, made if need be."""
    python = PLACE / peer / "bin" / "python"
    made = PLACE / f"{peer}.made"
    wanted = "\n".join(PINS[peer])
    if not made.exists() or made.read_text() != wanted:
        sys.stderr.write(f"making the environment of {peer} in {PLACE}\n")
        uv = [sys.executable, "-m", "uv"]
        folder = str(PLACE / peer)
        subprocess.run(
            [*uv, "venv", "-q", "--clear", "--python", sys.executable, folder], check=True
        )
        subprocess.run([*uv, "pip", "install", "-q", "--python", python, *PINS[peer]], check=True)
        made.write_text(wanted)
    return str(python)


def versions_of(python: str) -> dict[str, str]:
    """Versions of the packages that matter in an environment."""
    words = [sys.executable, "-m", "uv", "pip", "list", "-q", "--format=json", "--python", python]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return {p["name"]: p["version"] for p in json.loads(done.stdout) if p["name"] in _TOLD}
