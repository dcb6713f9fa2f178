"""Packages whose model goes wrong in its container, otherwise made like a good one."""

import hashlib
import json
import zipfile
from pathlib import Path

CRASHES = """
def init():
    raise RuntimeError("the weights are not there")

def run(input_df):
    return []
"""
ANSWERS_WRONGLY = """
def run(input_df):
    return ["versicolor"] * len(input_df)
"""
IS_NEVER_READY = """
import time

def init():
    time.sleep(3600)

def run(input_df):
    return []
"""


def with_script(good: Path, script: str, path: Path) -> Path:
    """The good package with this score.py in place of its model."""
    with zipfile.ZipFile(good) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    del files[manifest["model"]["file"]], manifest["runtime"]
    files.pop("compiled.npz", None)
    files["score.py"] = script.encode()
    manifest["model"] = {"file": None, "format": "none"}
    manifest["files"] = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
        for name, data in files.items()
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {"manifest.json": json.dumps(manifest).encode(), **files}.items():
            archive.writestr(name, data)
    return path
