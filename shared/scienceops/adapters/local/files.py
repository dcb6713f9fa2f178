"""Files that are seen whole or not at all, and that survive the machine once they are seen."""

import os
import stat
import uuid
from contextlib import suppress
from pathlib import Path

from scienceops.errors import BadSetting

#: What those may do who are neither the owner nor of the group.
_OTHERS = 0o007


def make_home(home: Path) -> Path:
    """The home of a platform, made if need be; raises BadSetting where none can be."""
    try:
        # Captures are other people's data, so the folder is for its owner alone.
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        mode = stat.S_IMODE(home.stat().st_mode)
        if mode & _OTHERS and not any(home.iterdir()):
            # It was made beforehand, as by systemd or for a volume, and nobody has anything in it.
            with suppress(PermissionError):
                home.chmod(mode & ~_OTHERS)
    except OSError as error:
        raise BadSetting(
            f"SCIENCEOPS_HOME={home}: no folder can be made there ({error.strerror}): "
            "wanted a folder that you can write to, on a local disk"
        ) from None
    return home


def write_whole(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write `data` to `path`, replacing what was there; no reader sees half of it."""
    temporary = write_beside(path, data, mode=mode)
    try:
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_once(path: Path, data: bytes, *, mode: int = 0o666) -> bool:
    """Write `data` to `path` unless the name is taken; of concurrent writers exactly one wins."""
    temporary = write_beside(path, data, mode=mode)
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def write_beside(path: Path, data: bytes, *, mode: int) -> Path:
    """A durable file with this content, hidden beside `path`; the caller moves or removes it."""
    # The name is cut because a file system allows 255 bytes, and it is only there to be read.
    temporary = path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with open(descriptor, "wb") as out:  # noqa: PTH123  # By descriptor: it carries the mode.
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def make_folders(folder: Path) -> None:
    """Make `folder` and the ones above it, each of them durable."""
    try:
        folder.mkdir()
    except FileNotFoundError:
        make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: a rename survives only once its folder has."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
