"""Package: a model package, read as pure data and checked before anything else sees it."""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from scienceops.core.archive import Archive
from scienceops.core.manifest import MANIFEST, Manifest
from scienceops.core.requirement_lines import REQUIREMENTS, parse_requirements
from scienceops.core.sample import SAMPLE, Sample
from scienceops.core.schema import Schema
from scienceops.core.twice import first_twice
from scienceops.errors import BadPackage, BadSchema

SCHEMA = "schema.json"
POLICY = "scienceops.toml"
BASELINE = "baseline.parquet"
TRAINING_DATA = "training_data.parquet"
SCORE = "score.py"
COMPILED = "compiled.npz"
TRAIN = "train.py"

REQUIRED = (SCHEMA, SAMPLE, REQUIREMENTS)

#: The text files of a package are read whole, so they are bounded on their own.
TEXT_LIMIT_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class Package:
    """A package that passed every check. `digest`: sha256 of the zip's bytes, its identity.

    policy: what scienceops.toml proposes, as a table that nobody has judged yet; {} without one.
    """

    digest: str
    manifest: Manifest
    schema: Schema
    sample: Sample
    requirements: tuple[str, ...]
    policy: Mapping[str, Any]
    _archive: Archive = field(repr=False, compare=False)

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files it holds, sorted, with manifest.json."""
        return tuple(sorted(self._archive.sizes))

    def read(self, name: str) -> bytes:
        """The whole content of one file; raises BadPackage when it holds none of that name."""
        return b"".join(self._chunks(name))

    def extract_to(self, folder: Path) -> None:
        """Write every file into `folder`, which is made if need be and may hold none of them.

        Raises FileExistsError rather than write through a file or link that is there.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.files:
            with (folder / name).open("xb") as file:
                for chunk in self._chunks(name):
                    file.write(chunk)

    def _chunks(self, name: str) -> Iterator[bytes]:
        if name not in self._archive.sizes:
            raise BadPackage("not in the package", file=name)
        if name == MANIFEST:
            return self._archive.chunks(name)
        return _checked_chunks(self._archive, self.manifest, name)


def read_package(file: BinaryIO | Path, *, limit_bytes: int) -> Package:
    """The package in a zip; raises BadPackage, with the file at fault and what to do about it.

    file: a path, or an open file that can seek and stays open while the package is used.
    limit_bytes: bound for the zip and for its files together. No more than one chunk of a large
    file is in memory at a time; nothing in the zip is executed or unpickled.
    """
    archive = Archive(file, limit_bytes=limit_bytes)
    if MANIFEST not in archive.sizes:
        raise _missing(MANIFEST)
    manifest = Manifest.from_document(_json(MANIFEST, _text(archive, MANIFEST)))
    _check_files(archive, manifest)
    for name in manifest.files:
        for _ in _checked_chunks(archive, manifest, name):
            pass
    schema = _schema(_json(SCHEMA, _text(archive, SCHEMA)))
    sample = Sample.from_document(
        _json(SAMPLE, _text(archive, SAMPLE)),
        schema=schema,
        task=manifest.task,
        classes=manifest.classes,
    )
    return Package(
        digest=archive.digest(),
        manifest=manifest,
        schema=schema,
        sample=sample,
        requirements=parse_requirements(_text(archive, REQUIREMENTS)),
        policy=_toml(_text(archive, POLICY)) if POLICY in archive.sizes else {},
        _archive=archive,
    )


def _check_files(archive: Archive, manifest: Manifest) -> None:
    model = manifest.model
    needed = (*REQUIRED, SCORE if model.format == "none" else model.file)
    for name in needed:
        if name is None:
            raise BadPackage(
                f"model format {model.format!r} needs a model file",
                file=MANIFEST,
                fix="name it in model.file",
            )
        if name not in archive.sizes:
            raise _missing(name)
    compiled = manifest.runtime.kind == "compiled"
    if compiled != (COMPILED in archive.sizes) or (compiled and SCORE in archive.sizes):
        raise BadPackage(
            f"the manifest says that {manifest.runtime.kind} runs, which does not fit the files",
            file=COMPILED,
            fix="pack again, a file in a package is never edited",
        )
    if (model.format == "onnx") != (manifest.runtime.kind == "onnx"):
        raise BadPackage(
            f"a model of format {model.format!r} does not run by {manifest.runtime.kind}",
            file=MANIFEST,
            fix="pack again",
        )
    if model.format == "joblib" and not model.allow_pickle:
        raise BadPackage(
            "a joblib model is a pickle, which runs code when it is read, and the manifest "
            "carries no consent",
            file=model.file or MANIFEST,
            fix="pack it as skops, or again with allow_pickle=True",
        )
    held, listed = set(archive.sizes) - {MANIFEST}, set(manifest.files)
    if MANIFEST in listed:
        raise BadPackage("it lists itself", file=MANIFEST, fix="remove that entry of `files`")
    for name in sorted(listed - held):
        raise _missing(name)
    for name in sorted(held - listed):
        raise BadPackage(
            "the manifest does not list it", file=name, fix="remove the file, or pack again"
        )


def _checked_chunks(archive: Archive, manifest: Manifest, name: str) -> Iterator[bytes]:
    """The file's content; BadPackage at its end when it is not what the manifest says."""
    entry = manifest.files[name]
    fix = "pack again, a file in a package is never edited"
    if archive.sizes[name] != entry.size_bytes:
        raise BadPackage(
            f"{archive.sizes[name]} bytes, the manifest says {entry.size_bytes}", file=name, fix=fix
        )
    digest = hashlib.sha256()
    for chunk in archive.chunks(name):
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != entry.sha256:
        raise BadPackage(
            f"its sha256 is {digest.hexdigest()[:12]}..., the manifest says {entry.sha256[:12]}...",
            file=name,
            fix=fix,
        )


def _missing(name: str) -> BadPackage:
    return BadPackage("not in the package", file=name, fix="write it with `scienceops pack`")


def _text(archive: Archive, name: str) -> str:
    if archive.sizes[name] > TEXT_LIMIT_BYTES:
        raise BadPackage(f"over {TEXT_LIMIT_BYTES} bytes", file=name, fix="keep it short")
    try:
        return b"".join(archive.chunks(name)).decode()
    except UnicodeDecodeError as error:
        raise BadPackage(f"no UTF-8: {error}", file=name, fix="save it as UTF-8") from None


def _json(name: str, text: str) -> Any:
    """The document; unlike `json.loads` alone, NaN and a key given twice are errors."""
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BadPackage(
            f"no JSON: {error}", file=name, fix="write it with `scienceops pack`"
        ) from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        twice = first_twice(key for key, _ in pairs)
        raise ValueError(f"key {twice!r} is there twice")
    return document


def _schema(document: Any) -> Schema:
    if not isinstance(document, dict):
        raise BadPackage("it holds no JSON object", file=SCHEMA, fix="wanted a JSON Schema")
    fix = "write it with `scienceops pack`"
    try:
        schema = Schema.from_json_schema(document)
    except (BadSchema, TypeError) as error:
        raise BadPackage(str(error), file=SCHEMA, fix=fix) from None
    for column in schema.columns:
        for bound in (column.minimum, column.maximum):
            if isinstance(bound, bool) or not isinstance(bound, int | float | None):
                raise BadPackage(
                    f"column {column.name!r} has the bound {bound!r}, which is no number",
                    file=SCHEMA,
                    fix=fix,
                )
    return schema


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadPackage(f"no TOML: {error}", file=POLICY, fix="correct that line") from None
