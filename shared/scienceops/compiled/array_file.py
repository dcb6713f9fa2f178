"""Array file: named arrays in one zip, read within bounds that are known before anything is."""

import math
import zipfile
from pathlib import Path

import numpy as np

from scienceops.compiled.step import Array
from scienceops.core.archive import MOST_RATIO

#: Arrays that come to more may not unpack to more than MOST_RATIO times the file's size. One alone
#: may, as the flags of a large forest do, which are nearly all the same.
FREE_BYTES = 64 * 1024**2
#: Of numbers and booleans. An object would be a pickle.
_KINDS = "biuf"
_SUFFIX = ".npy"


def read_arrays(path: Path) -> dict[str, Array]:
    """Name -> array, which cannot be written to; raises BadZipFile or ValueError.

    No more is read, nor room made for, than the zip's directory declares.
    """
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        size, most = sum(e.file_size for e in entries), MOST_RATIO * path.stat().st_size
        if size > max(FREE_BYTES, most):
            raise ValueError(f"{path.stat().st_size} bytes that become {size} look like a zip bomb")
        names = [entry.filename.removesuffix(_SUFFIX) for entry in entries]
        if len(set(names)) != len(names):
            raise ValueError("it has two arrays of one name")
        return {name: _read(archive, entry) for name, entry in zip(names, entries, strict=True)}


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Array:
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{entry.filename} is neither stored nor deflated")
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"{entry.filename} is of the array format {version}, wanted (1, 0)")
        shape, by_column, kind = np.lib.format.read_array_header_1_0(file)
        if kind.hasobject or kind.kind not in _KINDS:
            raise ValueError(f"{entry.filename} holds {kind}, wanted numbers: no pickle is read")
        size = math.prod(shape) * kind.itemsize
        # frombuffer would take what does not fill the shape, as long as it is whole numbers.
        if min(shape, default=0) < 0 or size != entry.file_size - file.tell():
            raise ValueError(f"{entry.filename} is not as long as its shape {shape} says")
        data = file.read()
    return np.frombuffer(data, kind).reshape(shape, order="F" if by_column else "C")
