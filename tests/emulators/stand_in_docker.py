"""A stand-in for `docker` in a build: resolves the requirements for real, and installs nothing.

login: keeps what it is told. build: checks the Dockerfile's target, resolves the requirements,
keeps what the image says of itself. push: puts a small image that says so into the registry.
"""

import argparse
import io
import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from scienceops.adapters.oci.registry import OciRegistry
from scienceops.core.images import CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE, Blob, sha256

KEPT = Path.home() / "stand-in-docker.json"
UV = Path(sys.executable).parent / "uv"


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def login(arguments: argparse.Namespace) -> None:
    keep(login=[arguments.username, sys.stdin.read().strip()])


def build(arguments: argparse.Namespace) -> None:
    folder = Path(arguments.folder)
    stages = stages_of((folder / "Dockerfile").read_text())
    if arguments.target not in stages:
        sys.exit(f"ERROR: failed to solve: target stage {arguments.target} could not be found")
    step = "[install 4/4] RUN /opt/venv/bin/pip install --quiet --requirement requirements.txt"
    say(f"#8 {step}")
    resolved = subprocess.run(
        [str(UV), "pip", "compile", "--quiet", "--python", sys.executable, "requirements.txt"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if resolved.returncode:
        say(*(f"#8 1.0 {line}" for line in resolved.stderr.splitlines()))
        say("#8 ERROR: process did not complete successfully: exit code: 1")
        say("------", f" > {step}:", "------")
        sys.exit(1)
    say(f"#8 resolved {len(re.findall('==', resolved.stdout))} packages")
    keep(**{arguments.tag: config_of(stages, arguments.target)})


def push(arguments: argparse.Namespace) -> None:
    kept = json.loads(KEPT.read_text())
    repository, _, tag = arguments.image.rpartition(":")
    user, password = kept["login"]
    layer = arguments.image.encode()
    document = {
        "architecture": "amd64",
        "os": "linux",
        "config": kept[arguments.image],
        "rootfs": {"type": "layers", "diff_ids": [sha256(layer)]},
    }
    config = json.dumps(document).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": Blob.of(CONFIG_TYPE, config).to_document(),
        "layers": [Blob.of(LAYER_TYPE, layer).to_document()],
    }
    registry = OciRegistry(repository, (user, password))
    for kind, content in ((LAYER_TYPE, layer), (CONFIG_TYPE, config)):
        registry.put_blob(Blob.of(kind, content), partial(io.BytesIO, content))
    registry.put_manifest(tag, json.dumps(manifest).encode(), MANIFEST_TYPE)


def stages_of(dockerfile: str) -> dict[str, str]:
    """The text of each stage by its name."""
    parts = re.split(r"^FROM (\S+) AS (\S+)$", dockerfile, flags=re.MULTILINE)
    return {parts[n + 1]: f"FROM {parts[n]}\n{parts[n + 2]}" for n in range(1, len(parts), 3)}


def config_of(stages: dict[str, str], target: str) -> dict[str, Any]:
    """What the image of a stage says of its environment and its entry point."""
    text = stages[target].replace("\\\n", " ")
    below = text.split("\n", 1)[0].removeprefix("FROM ")
    config: dict[str, Any] = config_of(stages, below) if below in stages else {"Env": []}
    for line in text.splitlines():
        if line.startswith("ENV "):
            config["Env"] = [*config["Env"], *line.removeprefix("ENV ").split()]
        if line.startswith("ENTRYPOINT "):
            config["Entrypoint"] = json.loads(line.removeprefix("ENTRYPOINT "))
    return config


def keep(**facts: Any) -> None:
    known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    KEPT.write_text(json.dumps({**known, **facts}))


def main() -> None:
    parser = argparse.ArgumentParser(prog="docker")
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("login")
    one.add_argument("--username", required=True)
    one.add_argument("--password-stdin", action="store_true", required=True)
    one.add_argument("host")
    one.set_defaults(run=login)
    one = commands.add_parser("build")
    for option in ("--progress", "--provenance", "--build-arg", "--target", "--tag"):
        one.add_argument(option, required=True)
    one.add_argument("folder")
    one.set_defaults(run=build)
    one = commands.add_parser("push")
    one.add_argument("--quiet", action="store_true")
    one.add_argument("image")
    one.set_defaults(run=push)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
