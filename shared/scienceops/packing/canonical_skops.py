"""Canonical skops: the same model gives the same bytes, so the same package keeps its identity.

skops names arrays by their address in memory and writes sets in hash order, both of which
differ from run to run. Here addresses become 1, 2, 3 in the order of the document.
"""

import io
import json
import zipfile
from pathlib import PurePosixPath
from typing import Any

_SCHEMA = "schema.json"

#: scikit-learn remembers by address which stop words it has looked at; after loading, the address
#: is another one anyway and it looks again.
_ADDRESS = "_stop_words_id"


def canonical_skops(data: bytes) -> bytes:
    """The skops file with numbered arrays, ordered sets and no dates."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(files.pop(_SCHEMA))
    numbering = _Numbering(frozenset(files))
    numbering.visit(document)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        _write(archive, _SCHEMA, json.dumps(document).encode())
        for old, new in numbering.files.items():
            _write(archive, new, files[old])
    return out.getvalue()


class _Numbering:
    """Rewrites a skops document in place, numbering ids and files as they come."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._ids: dict[int, int] = {}
        self.files: dict[str, str] = {}

    def visit(self, node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                self.visit(item)
        elif isinstance(node, dict):
            # Only a node has a loader that is text; in a user's dict every value is a node.
            if isinstance(node.get("__loader__"), str):
                self._rewrite(node)
            for key, item in node.items():
                if key == _ADDRESS and isinstance(item, dict) and "content" in item:
                    item["content"] = "0"
                self.visit(item)

    def _rewrite(self, node: dict[str, Any]) -> None:
        if node["__loader__"] == "JsonNode":
            # Equal constants may or may not be one object; as values they are the same.
            node.pop("__id__", None)
        elif isinstance(node.get("__id__"), int):
            node["__id__"] = self._ids.setdefault(node["__id__"], len(self._ids) + 1)
        if node["__loader__"] == "SetNode":
            node["content"].sort(key=lambda item: str(item.get("content")))
        if isinstance(name := node.get("file"), str) and name in self._names:
            new = f"{len(self.files) + 1}{PurePosixPath(name).suffix}"
            node["file"] = self.files.setdefault(name, new)


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = archive.compression
    archive.writestr(entry, data)
