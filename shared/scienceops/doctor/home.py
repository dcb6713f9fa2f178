"""Whether the home can hold the platform, and whether one runs on it."""

import errno
import fcntl
import json
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from scienceops.doctor import Check

#: Room for one environment of a common model and its captures for a while.
LEAST_FREE_BYTES = 1024**3
PORT = 8400
#: File systems on which locks or shared memory fail between machines, or altogether.
REMOTE = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "fuse.s3fs", "vboxsf", "ceph", "glusterfs")

_MOUNTS = Path("/proc/self/mounts")
_ELSEWHERE = "choose a folder on a local disk with SCIENCEOPS_HOME"


def find_home() -> tuple[Path, Check]:
    """The home that the settings name, and whether they could be read."""
    fallback = Path(os.environ.get("SCIENCEOPS_HOME") or "~/.scienceops").expanduser().absolute()
    try:
        from scienceops.config import load_settings

        return load_settings().home, Check("settings", "ok", "every SCIENCEOPS_ variable is known")
    except ImportError as error:
        # The settings need a package of their own; the rest can be looked at without.
        return fallback, Check("settings", "missing", str(error), "`make test` sets up .venv")
    except Exception as error:  # noqa: BLE001  # A broken package may raise anything.
        return fallback, Check("settings", "missing", str(error), "correct or unset the variable")


def check_home(home: Path) -> list[Check]:
    """Whether files in the home can be written, locked and linked, and for how many there is room.

    A home that is not there yet is judged by the folder in which it would be made.
    """
    folder = home
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return [_check_files(home, folder), _check_room(folder)]


def check_up(home: Path) -> list[Check]:
    """Whether a platform runs on the home and answers, and whether the next one has its port."""
    facts = _read_up(home)
    if not facts:
        return [Check("up", "optional", "not running", "scienceops up"), check_port(PORT)]
    where = f"{facts['url']} (pid {facts['pid']})"
    fault = _ask(facts)
    if fault:
        fix = f"look at {home / 'logs' / 'gateway.log'}, or stop and start it again"
        return [Check("up", "missing", f"{where} does not answer: {fault}", fix)]
    answers = Check("up", "ok", f"{where} answers")
    if facts.get("port") == PORT:
        return [answers, Check("port", "ok", f"{PORT} is this platform's")]
    return [answers, check_port(PORT)]


def check_port(port: int) -> Check:
    """Whether `up` could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            found = f"{port} is taken ({error.strerror})"
            return Check("port", "optional", found, "choose another: scienceops up --port N")
    return Check("port", "ok", f"{port} is free")


def file_system_of(folder: Path, mounts: str) -> str:
    """The type of the file system that holds the folder; empty when nobody says.

    >>> file_system_of(Path("/data/home"), "a / ext4 rw\\nb /data nfs4 rw\\n")
    'nfs4'
    """
    found = ""
    longest = -1
    for line in mounts.splitlines():
        fields = line.split()
        place = fields[1].encode().decode("unicode_escape")
        if (folder == Path(place) or Path(place) in folder.parents) and len(place) >= longest:
            found, longest = fields[2], len(place)
    return found


def _check_files(home: Path, folder: Path) -> Check:
    kind = file_system_of(folder.resolve(), _MOUNTS.read_text()) if _MOUNTS.exists() else ""
    where = f"{home}{f' on {kind}' if kind else ''}"
    if kind.startswith(REMOTE):
        found = f"{where}: databases and locks are not safe there"
        return Check("home", "missing", found, _ELSEWHERE)
    if folder != home and os.path.lexists(home):
        return Check("home", "missing", f"{home} is a file", _ELSEWHERE)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".scienceops-doctor-") as room:
            _try_files(Path(room))
    except OSError as error:
        return Check("home", "missing", f"{where}: {error}", _ELSEWHERE)
    return Check("home", "ok", f"{where} can be written and locked")


def _try_files(room: Path) -> None:
    """Do what the platform does with files; raises OSError naming what failed."""
    path = room / "file"
    path.write_bytes(b"")
    with path.open("rb") as first, path.open("rb") as second:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            raise OSError(errno.ENOLCK, "a locked file can be locked again")
    (room / "link").hardlink_to(path)


def _check_room(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    found = f"{free / 1024**3:.1f} GiB free"
    if free >= LEAST_FREE_BYTES:
        return Check("disk", "ok", found)
    fix = "make room, for example with `scienceops gc`, or choose another SCIENCEOPS_HOME"
    return Check("disk", "missing", f"{found}, wanted 1 GiB", fix)


def _read_up(home: Path) -> dict[str, Any]:
    """What the platform that runs here says of itself; empty when none does."""
    try:
        facts: dict[str, Any] = json.loads((home / "up.lock").read_text())
        os.kill(int(facts["pid"]), 0)
    except (OSError, ValueError, KeyError):
        # No file, one of a platform that was killed, or one that is only starting.
        return {}
    return facts if "url" in facts else {}


def _ask(facts: dict[str, Any]) -> str:
    from scienceops.errors import Unavailable
    from scienceops.trust import open_here, trust_only

    try:
        context = trust_only(Path(facts["certificate"])) if "certificate" in facts else None
        url = facts["url"] + "/healthz"
        with open_here(url, 5, context):
            return ""
    except (OSError, Unavailable) as error:
        return str(error)
