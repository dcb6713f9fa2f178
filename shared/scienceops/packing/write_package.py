"""Write a package: a manifest and files as a zip, the same bytes for the same contents."""

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scienceops.core.archive import FREE_BYTES
from scienceops.core.manifest import MANIFEST, FileEntry, Manifest
from scienceops.core.package import read_package

#: The bound is the platform's; what was in memory here needs none.
NO_LIMIT = 2**62


def to_json(document: Any) -> bytes:
    """A document as the bytes of a JSON file; NaN is an error."""
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode()


def with_files(manifest: Manifest, files: Mapping[str, bytes]) -> bytes:
    """manifest.json that lists the files with their hashes."""
    entries = {
        name: FileEntry(sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
        for name, data in sorted(files.items())
    }
    return to_json(manifest.model_copy(update={"files": entries}).to_document())


def write_package(manifest: Manifest, files: Mapping[str, bytes], path: Path | None) -> Path:
    """Write the zip and return where; raises BadPackage if a platform would refuse it.

    path: the zip's own path, or a folder to put NAME-DIGEST.zip into; None is the working folder.
    Entries are sorted and undated, so the same contents are the same package. An interrupted
    write leaves no half of a zip behind.
    """
    folder = Path() if path is None else path if path.is_dir() else path.parent
    handle, temporary_name = tempfile.mkstemp(suffix=".part", prefix=".", dir=folder)
    temporary = Path(temporary_name)
    try:
        with os.fdopen(handle, "w+b") as out:
            with zipfile.ZipFile(out, "w") as archive:
                _add(archive, MANIFEST, with_files(manifest, files))
                for name, data in sorted(files.items()):
                    _add(archive, name, data)
            package = read_package(out, limit_bytes=NO_LIMIT)
        place = folder / f"{manifest.name}-{package.digest[:8]}.zip"
        if path is not None and not path.is_dir():
            place = path
        # A temporary file is private to its owner; a package is like any other new file.
        temporary.chmod(0o666 & ~_umask())
        return temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o100644 << 16
    # Models and tables are compressed in their own format; deflating them again only costs time,
    # and a long run of zeros would look like a zip bomb.
    entry.compress_type = zipfile.ZIP_DEFLATED if len(data) <= FREE_BYTES else zipfile.ZIP_STORED
    archive.writestr(entry, data)


def _umask() -> int:
    # The system tells the mask only to those who set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
