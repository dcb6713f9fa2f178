"""Support for the package tests: folders and zips, sound ones and broken ones."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scienceops.core.manifest import Manifest
from scienceops.core.schema import Column, Schema

SCHEMA = Schema(
    (
        Column("length", "number", minimum=0.1, maximum=9.0),
        Column("count", "integer"),
        Column("colour", "string", nullable=True, categories=("blue", "red")),
    )
)

ROWS: list[dict[str, Any]] = [
    {"length": 1.0, "count": 2, "colour": "red"},
    {"length": 3.5, "count": 1, "colour": None},
]


def manifest_document(files: Mapping[str, bytes], **changes: Any) -> dict[str, Any]:
    """A sound manifest for the files, with some of its keys changed."""
    document = {
        "format": 1,
        "name": "iris",
        "task": "classification",
        "classes": ["a", "b"],
        "model": {"file": "model.skops", "format": "skops"},
        "python": "3.11",
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
            for name, data in files.items()
        },
    }
    document.update(changes)
    return document


def package_files(**changes: bytes | None) -> dict[str, bytes]:
    """The files of a sound package (its model is no model); `x__json=` sets x.json, None drops."""
    sample = {"rows": ROWS, "predictions": ["a", "b"], "probabilities": None}
    files: dict[str, bytes] = {
        "model.skops": b"not looked into",
        "schema.json": json.dumps(SCHEMA.to_json_schema()).encode(),
        "sample.json": json.dumps(sample).encode(),
        "requirements.txt": b"scikit-learn==1.9.1\n",
    }
    for name, data in changes.items():
        files[name.replace("__", ".")] = data or b""
        if data is None:
            del files[name.replace("__", ".")]
    return files


def package_bytes(
    files: Mapping[str, bytes] | None = None,
    *,
    manifest: Mapping[str, Any] | bytes | None = None,
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A package zip of the files with a manifest that fits them, unless one is given."""
    files = package_files() if files is None else files
    document = manifest_document(files) if manifest is None else manifest
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        archive.writestr("manifest.json", text)
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def unpacked(
    folder: Path,
    files: Mapping[str, bytes],
    *,
    schema: Schema = SCHEMA,
    **manifest: Any,
) -> Path:
    """A folder as the scorer unpacks it, with schema.json and a manifest that fits the files."""
    folder.mkdir(parents=True, exist_ok=True)
    all_files = {"schema.json": json.dumps(schema.to_json_schema()).encode(), **files}
    document = Manifest.from_document(manifest_document(all_files, **manifest)).to_document()
    (folder / "manifest.json").write_text(json.dumps(document))
    for name, data in all_files.items():
        (folder / name).write_bytes(data)
    return folder
