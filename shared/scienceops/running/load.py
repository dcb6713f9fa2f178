"""Load: the model of an unpacked package, by the rules of its format."""

import json
from pathlib import Path
from typing import Any

from scienceops.core.manifest import MANIFEST, Manifest
from scienceops.errors import BadPackage, PickleNotAllowed
from scienceops.running.trusted_types import untrusted


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the package unpacked in `folder`; raises BadPackage."""
    try:
        document = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise BadPackage("not there", file=MANIFEST, fix=f"unpack a package in {folder}") from None
    except ValueError as error:
        raise BadPackage(f"no JSON: {error}", file=MANIFEST) from None
    return Manifest.from_document(document)


def load_model(folder: Path) -> Any:
    """The model of the package unpacked in `folder`, ready to predict.

    A skops file may hold only the types that its manifest states and that are on the reviewed
    list; a joblib file is a pickle, read only when the manifest carries the consent. Raises
    BadPackage, or PickleNotAllowed without that consent.
    """
    model = read_manifest(folder).model
    if model.file is None or model.format == "none":
        raise BadPackage(
            "model format 'none' has no loader",
            file=MANIFEST,
            fix="load the model's own file in init() of score.py",
        )
    path = folder / model.file
    if model.format == "skops":
        return load_skops(path, stated=model.types)
    if not model.allow_pickle:
        raise PickleNotAllowed(
            f"{model.file} is a pickle, which runs code when it is read, and nobody consented; "
            "pack it as skops, or with allow_pickle=True"
        )
    import joblib

    return joblib.load(path)


def load_skops(path: Path, *, stated: tuple[str, ...]) -> Any:
    """The model in a skops file that holds no type beyond `stated` and the reviewed list."""
    # A package that loads its own model must not pay for scikit-learn.
    import skops.io

    from scienceops.running.native_structures import check_native_structures

    held = skops.io.get_untrusted_types(file=path)
    refused = untrusted(held) or sorted(set(held) - set(stated))
    if refused:
        raise BadPackage(
            f"it holds {refused[0]}, which is "
            + ("not a reviewed type" if untrusted(held) else "not stated in the manifest"),
            file=path.name,
            fix="pack the model again, with allow_pickle=True if you trust its origin",
        )
    model = skops.io.load(path, trusted=held)
    check_native_structures(model, file=path.name)
    return model
