"""A container engine and a base image from Debian's packages alone, for one machine's own use.

    python infra/local/engine.py start FOLDER   dockerd on FOLDER/docker.sock, and a base image
    python infra/local/engine.py stop FOLDER    end it and its containers, and delete what it held

Needs root, and the Debian packages docker.io and mmdebstrap. The engine is its own: it shares
nothing with another one on this machine, and listens on no port.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import docker
import requests

START_SECONDS = 60
STOP_SECONDS = 60
#: A socket's path has room for 107 bytes.
LONGEST_PATH_BYTES = 90

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
#: The base image's name, as the setting SCIENCEOPS_BASE_IMAGE takes it.
BASE = "scienceops-base:{python}"
#: Packages are unpacked and no more, which is all that a scorer needs of them.
VARIANT = "extract"

_PACKAGES = (
    "base-files base-passwd ca-certificates coreutils dash libc-bin libc6 libstdc++6 netbase "
    f"python{_PYTHON} python{_PYTHON}-venv tzdata"
)
#: What no container reads; the images on Docker Hub leave it out too.
_UNREAD = ("doc", "info", "locale", "man")
_DOCKERFILE = f"""\
FROM scratch
ADD base.tar /
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN ldconfig && ln -sf python{_PYTHON} /usr/bin/python3 \\
    && cp /usr/share/base-passwd/passwd.master /etc/passwd \\
    && cp /usr/share/base-passwd/group.master /etc/group
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt
"""


def start(folder: Path) -> str:
    """An engine that keeps everything in `folder`, also for its next start; its address."""
    if os.getuid() != 0:
        raise SystemExit("an engine of its own needs root; or use one that runs: set DOCKER_HOST")
    missing = [name for name in ("dockerd", "mmdebstrap") if shutil.which(name) is None]
    if missing:
        raise SystemExit(
            f"{' and '.join(missing)} not found: "
            "apt-get install --no-install-recommends docker.io mmdebstrap"
        )
    if len(os.fsencode(folder)) > LONGEST_PATH_BYTES:
        raise SystemExit(f"{folder} is too long a path for a socket: choose a shorter one")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    address = f"unix://{folder}/docker.sock"
    if _answers(address):
        return address
    # Containers go on while the engine is away, so that it can be restarted under a live service.
    (folder / "daemon.json").write_text(json.dumps({"live-restore": True}))
    with (folder / "engine.log").open("ab") as out:
        process = subprocess.Popen(
            [
                "dockerd",
                *("--config-file", str(folder / "daemon.json")),
                *("--data-root", str(folder / "data")),
                *("--exec-root", str(folder / "exec")),
                *("--pidfile", str(folder / "pid")),
                *("--host", address),
                *("--ip", "127.0.0.1"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    # Reaped when it ends; a process that nobody waits for stays a zombie.
    threading.Thread(target=process.wait, daemon=True).start()
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        if _answers(address):
            return address
        time.sleep(0.1)
    raise SystemExit(f"the engine did not start; {folder / 'engine.log'} has its words")


def stop(folder: Path, *, number: signal.Signals = signal.SIGTERM) -> None:
    """End the engine of `folder`, and its containerd; what it holds stays."""
    pids = [folder / "pid", folder / "exec" / "containerd" / "containerd.pid"]
    for path in pids:
        try:
            pid = int(path.read_text())
            os.kill(pid, number)
        except (FileNotFoundError, ProcessLookupError):
            continue
        end = time.monotonic() + STOP_SECONDS
        while _is_alive(pid) and time.monotonic() < end:
            time.sleep(0.05)
        if _is_alive(pid):
            os.kill(pid, signal.SIGKILL)
        path.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """End the engine of `folder` and its containers, and delete all that it held.

    Raises SystemExit naming what could not be deleted.
    """
    _remove_containers(f"unix://{folder}/docker.sock")
    stop(folder)
    # The engine mounts its folder upon itself, and a mounted folder cannot be deleted.
    for place in _mounted_below(folder):
        subprocess.run(["umount", place], check=False)
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise SystemExit(f"{folder} could not be deleted: end what still uses it, and try again")


def _remove_containers(address: str) -> None:
    """Remove all of them: they would outlive their engine, for it lets them (live-restore)."""
    if not _answers(address):
        return
    end = time.monotonic() + STOP_SECONDS
    client = docker.DockerClient(base_url=address, timeout=STOP_SECONDS)
    with contextlib.closing(client):
        # More than once: whoever runs containers there may start one anew.
        while found := client.containers.list(all=True, ignore_removed=True):
            if time.monotonic() > end:
                names = ", ".join(str(container.name) for container in found)
                raise SystemExit(f"containers go on: {names}; end what starts them, such as `up`")
            for container in found:
                with contextlib.suppress(docker.errors.APIError):
                    container.remove(force=True)


def _mounted_below(folder: Path) -> list[str]:
    """Where something is mounted in the folder, the innermost first."""
    found = subprocess.run(
        ["findmnt", "--json", "--list", "--output", "target"], stdout=subprocess.PIPE, check=True
    )
    places = [entry["target"] for entry in json.loads(found.stdout)["filesystems"]]
    return sorted((p for p in places if Path(p).is_relative_to(folder)), key=len, reverse=True)


def make_base(address: str, base: str = BASE, variant: str = VARIANT) -> str:
    """The base image, made from this machine's Debian sources unless it is there; its name.

    base: the name, with Python's version in braces. variant: of mmdebstrap; in `apt` a build can
    install more of Debian's packages.
    """
    name = base.format(python=_PYTHON)
    client = docker.DockerClient(base_url=address, timeout=600)
    with contextlib.closing(client):
        with contextlib.suppress(docker.errors.ImageNotFound):
            client.images.get(name)
            return name
        client.images.build(fileobj=_base_context(variant), custom_context=True, tag=name, rm=True)
    return name


def _base_context(variant: str) -> io.BytesIO:
    sources = [str(p) for p in sorted(Path("/etc/apt").glob("sources.list*")) if p.is_file()]
    sources += [str(p) for p in sorted(Path("/etc/apt/sources.list.d").glob("*.sources"))]
    command = [
        "mmdebstrap",
        "--quiet",
        f"--variant={variant}",
        f"--include={_PACKAGES.replace(' ', ',')}",
        *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _UNREAD),
        _release(),
        "-",
        *sources,
    ]
    base = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    # A machine behind a proxy trusts more than Debian does, and pip in a build must too.
    bundle = Path("/etc/ssl/certs/ca-certificates.crt").read_bytes()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as context:
        for path, content in (
            ("Dockerfile", _DOCKERFILE.encode()),
            ("base.tar", base),
            ("ca-certificates.crt", bundle),
        ):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            context.addfile(entry, io.BytesIO(content))
    out.seek(0)
    return out


def _release() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("VERSION_CODENAME="))


def _answers(address: str) -> bool:
    try:
        client = docker.DockerClient(base_url=address, timeout=5)
    except docker.errors.DockerException:
        return False
    try:
        return bool(client.ping())
    except (docker.errors.DockerException, requests.RequestException):
        return False
    finally:
        client.close()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main(action: str, folder: Path) -> None:
    """What the command line asks for."""
    if action == "stop":
        remove(folder)
        sys.stdout.write(f"the engine has ended, and {folder} is gone\n")
        return
    address = start(folder)
    sys.stdout.write(f"an engine runs at {address}; its base image takes a few seconds\n")
    make_base(address)
    sys.stdout.write(
        f"\nUse it, in this shell:\n  export DOCKER_HOST={address}\n"
        f"  export SCIENCEOPS_BASE_IMAGE='{BASE}'\n"
        "Then: make demo ENGINE=docker\nEnd it: make engine-stop\n"
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).absolute())
