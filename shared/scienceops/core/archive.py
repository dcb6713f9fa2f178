"""Archive: a zip from a stranger, read as data. Nothing is executed, unpickled or trusted."""

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IFMT, S_ISLNK, S_ISREG
from typing import BinaryIO

from scienceops.core.manifest import is_flat_name
from scienceops.errors import BadPackage

#: A package has a dozen files; more than this is no package.
MOST_FILES = 64
MOST_DIRECTORY_BYTES = 64 * 1024

#: A file over FREE_BYTES may not unpack to more than this many times its packed size. Text and
#: tables reach 50; a bomb needs hundreds, and deflate ends at 1032.
MOST_RATIO = 200
FREE_BYTES = 1024**2

CHUNK_BYTES = 1024**2

_END = struct.Struct("<4s4H2LH")
_PACK_AGAIN = "write it with `scienceops pack`"


class Archive:
    """The entries of a zip that passed every check that needs no unpacking."""

    def __init__(self, source: BinaryIO | Path, *, limit_bytes: int) -> None:
        """Look at the zip's directory; raises BadPackage.

        source: a file, or an open one that can seek. limit_bytes: bound for the zip and for what
        it unpacks to.
        """
        self._source = source
        with self._opened() as file:
            _check_whole(file, limit_bytes)
            with _reading(file) as archive:
                self._entries = {i.filename: i for i in _check_entries(archive, limit_bytes)}

    @property
    def sizes(self) -> dict[str, int]:
        """Name of each file -> its unpacked size in bytes, as the zip declares it."""
        return {name: entry.file_size for name, entry in self._entries.items()}

    def digest(self) -> str:
        """sha256 of the zip's own bytes, in hexadecimal."""
        digest = hashlib.sha256()
        with self._opened() as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()

    def chunks(self, name: str) -> Iterator[bytes]:
        """The file's content, at most CHUNK_BYTES at a time and never more than it declares."""
        # zipfile stops at the declared size and then compares the checksum.
        with (
            self._opened() as file,
            _reading(file, name) as archive,
            archive.open(self._entries[name]) as entry,
        ):
            while chunk := entry.read(CHUNK_BYTES):
                yield chunk

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        if isinstance(self._source, Path):
            with self._source.open("rb") as file:
                yield file
        else:
            self._source.seek(0)
            yield self._source


@contextmanager
def _reading(file: BinaryIO, name: str = "") -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError) as error:
        raise BadPackage(f"the zip is damaged: {error}", file=name, fix="copy it again") from None
    except (NotImplementedError, RuntimeError) as error:
        raise BadPackage(f"{error}", file=name, fix=_PACK_AGAIN) from None


def check_zip_size(size_bytes: int, limit_bytes: int) -> None:
    """Raises BadPackage for a zip over the limit, which need not be read to be refused."""
    if size_bytes > limit_bytes:
        raise BadPackage(f"{size_bytes} bytes are over the limit of {limit_bytes}", fix=_LESS)


def _check_whole(file: BinaryIO, limit_bytes: int) -> None:
    """Check what the last 22 bytes say, before zipfile reads a directory of any size."""
    size = file.seek(0, 2)
    if size == 0:
        raise BadPackage("the file has 0 bytes", fix="copy it again, the upload was cut off")
    check_zip_size(size, limit_bytes)
    file.seek(max(0, size - _END.size))
    last = file.read(_END.size)
    mark, _, _, _, entries, directory_bytes, _, comment_bytes = (
        _END.unpack(last) if len(last) == _END.size else (b"", 0, 0, 0, 0, 0, 0, 0)
    )
    if mark != b"PK\x05\x06" or comment_bytes:
        raise BadPackage("not a zip, or only a part of one", fix=f"copy it again, or {_PACK_AGAIN}")
    file.seek(max(0, size - _END.size - 20))
    # A zip64 record could state other numbers than these; below 4 GiB nobody needs one.
    if file.read(4) == b"PK\x06\x07" and size < 2**32:
        raise BadPackage("a zip64 directory in a small zip", fix=_PACK_AGAIN)
    if entries > MOST_FILES or directory_bytes > MOST_DIRECTORY_BYTES:
        raise BadPackage(f"{entries} files, at most {MOST_FILES} are allowed", fix=_PACK_AGAIN)
    file.seek(0)


_LESS = "pack less, or raise SCIENCEOPS_UPLOAD_LIMIT_BYTES"


def _check_entries(archive: zipfile.ZipFile, limit_bytes: int) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise BadPackage(f"{len(entries)} files, at most {MOST_FILES}", fix=_PACK_AGAIN)
    seen: set[str] = set()
    total = 0
    for entry in entries:
        name = entry.orig_filename
        _check_name(name)
        # Some file systems take Model and model for the same file.
        if name.lower() in seen:
            raise BadPackage("it is there twice", file=name, fix=_PACK_AGAIN)
        seen.add(name.lower())
        _check_kind(entry)
        if entry.header_offset < 0:
            raise BadPackage("it begins before the zip does", file=name, fix="copy it again")
        total += entry.file_size
        if total > limit_bytes:
            raise BadPackage(
                f"unpacked, the files come to more than {limit_bytes} bytes", file=name, fix=_LESS
            )
        if entry.file_size > FREE_BYTES and entry.file_size > MOST_RATIO * entry.compress_size:
            raise BadPackage(
                f"{entry.compress_size} bytes that become {entry.file_size} look like a zip bomb",
                file=name,
                fix="store the file without compression",
            )
    return entries


def _check_name(name: str) -> None:
    if "\\" in name:
        reason = "the name has a backslash"
    elif name.startswith("/") or name[1:2] == ":":
        reason = "the name is an absolute path"
    elif ".." in name.split("/"):
        reason = "the name leads out of the package"
    elif "/" in name:
        reason = "it lies in a folder, and a package has none"
    elif not is_flat_name(name):
        reason = "the name has characters that are not allowed"
    else:
        return
    raise BadPackage(reason, file=name, fix="zip the files themselves, not their folder")


def _check_kind(entry: zipfile.ZipInfo) -> None:
    mode = entry.external_attr >> 16
    if S_ISLNK(mode):
        reason = "it is a symbolic link"
    elif S_IFMT(mode) and not S_ISREG(mode):
        reason = "it is no regular file"
    elif entry.flag_bits & 0x1:
        reason = "it is encrypted"
    elif entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        reason = f"compression method {entry.compress_type} is neither stored nor deflated"
    else:
        return
    raise BadPackage(reason, file=entry.filename, fix=_PACK_AGAIN)
