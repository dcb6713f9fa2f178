"""Model formats: skops by default, joblib when somebody says that a pickle is allowed."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scienceops.core.manifest import ModelEntry, ModelInput
from scienceops.errors import BadInput, PickleNotAllowed, ScienceOpsError
from scienceops.packing.canonical_skops import canonical_skops
from scienceops.running.load import load_skops
from scienceops.running.object_graph import reachable
from scienceops.running.trusted_types import untrusted

#: Files that joblib or pickle reads, whatever they were written with.
PICKLES = frozenset({".joblib", ".pickle", ".pkl", ".sav"})

_WAYS_OUT = (
    "pack it with allow_pickle=True if you trust where it comes from, or write a score.py that "
    "loads the model its own way"
)


@dataclass(frozen=True)
class SavedModel:
    """A model as the bytes of its file, and what the manifest says of it."""

    entry: ModelEntry
    data: bytes


def save_model(model: Any, *, form: ModelInput, allow_pickle: bool) -> SavedModel:
    """The model as skops, or as joblib when pickles are allowed and skops will not do.

    Raises PickleNotAllowed naming the first type that is not on the reviewed list. A class that
    lives in a notebook is refused in either format, since no service can import it.
    """
    _refuse_notebook_code(model)
    try:
        return _as_skops(model, form)
    except PickleNotAllowed:
        if not allow_pickle:
            raise
    import joblib

    data = io.BytesIO()
    joblib.dump(model, data, compress=("zlib", 3))
    entry = ModelEntry(file="model.joblib", format="joblib", allow_pickle=True, input=form)
    return SavedModel(entry, data.getvalue())


def _as_skops(model: Any, form: ModelInput) -> SavedModel:
    import skops.io
    from skops.io.exceptions import UnsupportedTypeException

    try:
        data = skops.io.dumps(model)
    except (UnsupportedTypeException, TypeError, ValueError, AttributeError) as error:
        raise PickleNotAllowed(
            f"skops cannot save {type(model).__name__}: {error}; {_WAYS_OUT}"
        ) from error
    types = skops.io.get_untrusted_types(data=data)
    if refused := untrusted(types):
        raise PickleNotAllowed(
            f"{type(model).__name__} holds {', '.join(refused)}, which no review has found safe "
            f"to load; {_WAYS_OUT}"
        )
    entry = ModelEntry(file="model.skops", format="skops", types=tuple(types), input=form)
    return SavedModel(entry, canonical_skops(data))


def _refuse_notebook_code(model: Any) -> None:
    for item in reachable(model):
        definition = item if hasattr(item, "__qualname__") else type(item)
        if getattr(definition, "__module__", "") == "__main__":
            raise PickleNotAllowed(
                f"the model uses {definition.__qualname__}, which is defined in this notebook or "
                "script, so the service could not import it; move it to a module that a "
                "requirement installs, or do that step in a score.py"
            )


def load_model_file(path: Path, *, allow_pickle: bool) -> Any:
    """The model in a skops or joblib file; raises BadInput, BadPackage or PickleNotAllowed."""
    suffix = path.suffix.lower()
    if suffix != ".skops" and suffix not in PICKLES:
        raise BadInput(
            f"{path} is no model file that can be loaded here: wanted .skops or one of "
            f"{', '.join(sorted(PICKLES))}, or a score.py that loads it"
        )
    if suffix in PICKLES and not allow_pickle:
        raise PickleNotAllowed(
            f"{path} is a pickle, and reading it runs what it holds; if you trust where it comes "
            "from, say so with --allow-pickle"
        )
    try:
        return _load_skops(path, allow_pickle) if suffix == ".skops" else _load_pickle(path)
    except ScienceOpsError:
        raise
    except Exception as error:  # What a damaged file makes its reader raise is anything.
        told = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no more'}"
        kind = "skops" if suffix == ".skops" else "pickle"
        raise BadInput(
            f"{path} cannot be read as {kind} ({told}): wanted a whole file, written by "
            f"{'skops.io.dump' if kind == 'skops' else 'joblib.dump or pickle.dump'}, of a model "
            "whose libraries are installed here; save the model again"
        ) from error


def _load_skops(path: Path, trusts_all: bool) -> Any:
    import skops.io

    held = skops.io.get_untrusted_types(file=path)
    # Whoever trusts a pickle trusts every type that a skops file may name.
    return skops.io.load(path, trusted=held) if trusts_all else load_skops(path, stated=tuple(held))


def _load_pickle(path: Path) -> Any:
    import joblib

    return joblib.load(path)
