"""Package manifest: what `manifest.json` may say, and nothing else."""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from scienceops.core.captures import Task
from scienceops.core.mistakes import first_mistake
from scienceops.core.names import check_service_name
from scienceops.errors import BadName, BadPackage

MANIFEST = "manifest.json"

#: The package format that this release writes and reads.
FORMAT: Literal[1] = 1

ModelFormat = Literal["skops", "joblib", "onnx", "none"]
ModelInput = Literal["frame", "column", "array", "values"]
RuntimeKind = Literal["compiled", "sklearn", "onnx"]
RuntimeChoice = Literal["auto", "compiled", "sklearn"]

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def is_flat_name(name: str) -> bool:
    """Whether a file may be called so: one plain part, no folder, nothing hidden.

    >>> is_flat_name("model.skops"), is_flat_name("../model.skops"), is_flat_name(".git")
    (True, False, False)
    """
    return _FILE_NAME.fullmatch(name) is not None


def _flat(name: str) -> str:
    if not is_flat_name(name):
        raise ValueError("a file name is letters, digits, dots, hyphens and underscores")
    return name


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("wanted a finite number")
    return value


class _Part(BaseModel):
    # Strict: JSON has its own types, and "1" for 1 is a mistake of the writer.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FileEntry(_Part):
    """What one file of the package must be, byte for byte."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    size_bytes: Annotated[int, Field(ge=0)]


class ModelEntry(_Part):
    """The model file and how it is loaded.

    format: `none` means that score.py alone knows how to load it. allow_pickle: the consent to
    run what a pickle holds, given by whoever packed it. types: the types in a skops file that
    skops does not trust by itself. input: what the estimator takes, a DataFrame (`frame`), its
    only column (`column`) or the values alone (`array`); `values` is an estimator of a DataFrame
    that was proved to answer its values alike.
    """

    file: Annotated[str, AfterValidator(_flat)] | None
    format: ModelFormat
    allow_pickle: bool = False
    types: Annotated[tuple[str, ...], Field(strict=False)] = ()
    input: ModelInput = "frame"


class RuntimeEntry(_Part):
    """What a scorer runs: the compiled model, the model as it was trained, or an ONNX graph.

    asked: what was asked for; `auto` is compiled where that is proved. A retrained package asks for
    the same. reason: why it is not compiled. independent_rows: whether a row was proved to be
    answered alike alone and among others, so that calls may be answered together. rows: on how many
    the compiled model was proved, with the largest difference, relative to 1 or more, among its
    numbers and probabilities.
    """

    kind: RuntimeKind = "sklearn"
    asked: RuntimeChoice = "auto"
    reason: str = ""
    independent_rows: bool = False
    rows: Annotated[int, Field(ge=0)] = 0
    largest_difference: Annotated[float, AfterValidator(_finite)] = 0.0


class Manifest(_Part):
    """`manifest.json`.

    classes: the class labels as text, in the order of the probabilities. python: major.minor of
    the training environment. created_at: ISO 8601, only when the packer stated it, so that the
    same inputs give the same bytes. origin: where the package comes from, as free text fields.
    """

    format: Literal[1] = FORMAT
    name: str
    task: Task
    classes: Annotated[tuple[str, ...], Field(strict=False)] = ()
    model: ModelEntry
    runtime: RuntimeEntry = RuntimeEntry()
    python: Annotated[str, Field(pattern=r"^3\.\d{1,2}$")]
    created_at: str | None = None
    metrics: Mapping[str, Annotated[float, AfterValidator(_finite)]] = {}
    tags: Mapping[str, str] = {}
    origin: Mapping[str, str] = {}
    target: str | None = None
    files: Mapping[str, FileEntry]

    def to_document(self) -> dict[str, Any]:
        """The manifest as the JSON object that `from_document` reads."""
        return self.model_dump(mode="json")

    @classmethod
    def from_document(cls, document: object) -> "Manifest":
        """Read a manifest; raises BadPackage naming the key, what it holds and what may be there.

        >>> Manifest.from_document({"format": 2})
        Traceback (most recent call last):
        scienceops.errors.BadPackage: manifest.json: package format 2 is not one this release \
reads (1); pack it again with this release of scienceops
        """
        if not isinstance(document, dict):
            raise _bad("it holds no JSON object")
        # A newer format may have keys that are unknown here, so its number is told first.
        if document.get("format") != FORMAT or isinstance(document.get("format"), bool):
            raise BadPackage(
                f"package format {document.get('format')!r} is not one this release reads "
                f"({FORMAT})",
                file=MANIFEST,
                fix="pack it again with this release of scienceops",
            )
        try:
            manifest = cls.model_validate(document)
            check_service_name(manifest.name)
        except BadName as error:
            raise BadPackage(
                str(error), file=MANIFEST, fix="pack it again under another name"
            ) from None
        except ValidationError as error:
            raise _explain(error) from None
        return manifest


def _bad(reason: str) -> BadPackage:
    return BadPackage(reason, file=MANIFEST, fix="write it with `scienceops pack`")


def _explain(error: ValidationError) -> BadPackage:
    found = first_mistake(error)
    if found.unknown:
        return BadPackage(
            f"unknown key {found.key!r}",
            file=MANIFEST,
            fix="put it under `tags`; if a later release packed it, upgrade the platform to that",
        )
    if found.missing:
        return _bad(f"key {found.key!r} is missing")
    return _bad(f"key {found.key!r} holds {found.got}: {found.wanted}")
