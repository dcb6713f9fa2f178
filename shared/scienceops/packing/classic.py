"""Classic: the four files of the init()/run() workflow, packed as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scienceops import __version__
from scienceops.core.captures import Task
from scienceops.core.manifest import ModelEntry, ModelFormat, RuntimeEntry, is_flat_name
from scienceops.core.names import check_service_name
from scienceops.core.package import POLICY, SCORE, TRAIN, TRAINING_DATA
from scienceops.core.requirement_lines import REQUIREMENTS
from scienceops.errors import BadInput
from scienceops.packing.conda import CondaFile, read_conda
from scienceops.packing.draft import Draft
from scienceops.packing.environment import (
    check_against_scorer,
    modules_of_script,
    pin_requirements,
    python_version,
    read_requirements,
)
from scienceops.packing.extras import (
    check_metrics,
    check_tags,
    read_script,
    text_files,
    to_parquet,
)
from scienceops.packing.given_rows import schema_and_rows
from scienceops.packing.infer_schema import as_frame
from scienceops.packing.model_formats import PICKLES
from scienceops.packing.other_versions import other_versions


@dataclass(frozen=True)
class PackedClassic:
    """Where the package is, and what its maker should know about it."""

    path: Path
    notes: tuple[str, ...]


def pack_classic(
    name: str,
    model_file: Path,
    score_file: Path,
    schema_file: Path | None = None,
    conda_file: Path | None = None,
    out: Path | None = None,
    *,
    sample: Any = None,
    training_data: Any = None,
    target: str | None = None,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
    train: str | Path | None = None,
    requirements: Sequence[str] | str | Path | None = None,
    task: Task | None = None,
    policy: Mapping[str, Any] | str | Path | None = None,
    created_at: str | None = None,
) -> PackedClassic:
    """Write the package of a model file and the score.py that loads it.

    The model file keeps its name, since init() asks for it by that. A pickle among them is taken
    as consent, which the manifest records and a note repeats. schema_file: see
    `read_service_schema`; its example rows are the sample unless one is given. conda_file: its
    pins are the requirements, else those of what score.py imports. The rest is as for `pack`.

    Raises BadName, BadInput, BadSchema, BadPackage, BadPolicy, or ModelFailed when score.py does
    not answer the sample.
    """
    check_service_name(name)
    notes: list[str] = []
    if not is_flat_name(model_file.name) or model_file.name in _RESERVED:
        raise BadInput(
            f"{model_file.name!r} cannot be kept under that name: rename it, and in init() too"
        )
    files = {
        model_file.name: model_file.read_bytes(),
        SCORE: read_script(score_file, "run", SCORE),
    }
    training = None if training_data is None else as_frame(training_data)
    given = None if sample is None else as_frame(sample)
    schema, rows = schema_and_rows(schema_file, given, training, target)
    if train is not None:
        if training is None:
            raise BadInput("train needs training_data: retraining starts from those rows")
        files |= {TRAIN: read_script(train, "train", TRAIN), TRAINING_DATA: to_parquet(training)}
    conda = CondaFile() if conda_file is None else read_conda(conda_file)
    notes += conda.notes
    extra = read_requirements(requirements)
    if conda_file is None:
        modules = modules_of_script(files[SCORE], SCORE) | {"joblib", "sklearn"}
        pins = pin_requirements(modules, extra)
    else:
        pins = (*conda.requirements, *extra)
        check_against_scorer(pins)
    notes += other_versions(pins)
    files |= text_files(pins, policy)
    is_pickle = model_file.suffix.lower() in PICKLES
    if is_pickle:
        notes.append(
            f"{model_file.name} is a pickle: whoever serves this package runs what it holds"
        )
    form: ModelFormat = "joblib" if is_pickle else "none"
    python = conda.python or python_version()
    if python != python_version():
        notes.append(
            f"the answers to the sample were made with Python {python_version()}, "
            f"the conda file asks for {python}"
        )
    draft = Draft(
        name=name,
        schema=schema,
        model=ModelEntry(file=model_file.name, format=form, allow_pickle=is_pickle),
        files=files,
        runtime=RuntimeEntry(reason="score.py runs as it is"),
        task=task,
        python=python,
        target=target,
        metrics=check_metrics(metrics),
        tags=check_tags(tags),
        origin={"packed_with": f"scienceops {__version__}", "workflow": "classic"},
        created_at=created_at,
    )
    with draft.running() as runner:
        draft = draft.answered(rows, runner.predict(rows))
        if training is not None:
            draft = draft.with_training(training, runner)
    return PackedClassic(draft.write(out), tuple(notes))


_RESERVED = frozenset({SCORE, TRAIN, REQUIREMENTS, POLICY, TRAINING_DATA, "manifest.json"})
