"""Socket folder: where sockets lie, for their paths must be short."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from scienceops.errors import BadSetting

#: A socket's path has room for 107 bytes on Linux and 103 elsewhere.
LONGEST_SOCKET_BYTES = 100
#: The longest that is put into the folder: a name of 12 characters, and a container's `/bucket`.
LONGEST_NAME_BYTES = 20

#: Others are named for their replica.
SOCKET_OF_CONTAINER = "s"

_OWNER_FOLDER = 0o700


def socket_folder(home: Path) -> Path:
    """A private folder whose path leaves room for a socket's name."""
    folder = home / "run" / "sockets"
    if _is_too_long(folder):
        identity = hashlib.sha256(os.fsencode(home)).hexdigest()[:8]
        folder = Path(tempfile.gettempdir()) / f"scienceops-{os.getuid()}-{identity}"
    if _is_too_long(folder):
        raise BadSetting(f"{folder} is too long for a socket: set TMPDIR to a shorter path")
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=_OWNER_FOLDER, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        # In a folder that all may write to, somebody else may have been there first.
        raise BadSetting(f"{folder} is not ours alone: remove it, or set TMPDIR to another")
    return folder


def remove_socket(path: Path) -> None:
    """Remove a socket, and the folder that a container's socket has to itself."""
    path.unlink(missing_ok=True)
    if path.name == SOCKET_OF_CONTAINER:
        shutil.rmtree(path.parent, ignore_errors=True)


def _is_too_long(folder: Path) -> bool:
    return len(os.fsencode(folder)) + 1 + LONGEST_NAME_BYTES > LONGEST_SOCKET_BYTES
