"""Pack a project: the package of what `scienceops train` left in build/."""

from collections.abc import Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scienceops.core.manifest import RuntimeChoice
from scienceops.packing import pack
from scienceops.packing.environment import read_requirements
from scienceops.packing.extras import from_parquet
from scienceops.packing.model_formats import load_model_file
from scienceops.projects.project import Project
from scienceops.projects.result import BUILD, TRAINING_DATA, Result, read_result


def pack_project(
    project: Project,
    *,
    out: Path | None = None,
    tags: Mapping[str, str] | None = None,
    runtime: RuntimeChoice | None = None,
) -> Path:
    """Write the package of the project's last training and return its path.

    It carries train.py and the training rows, so that it can be retrained. out: the zip or its
    folder; by default NAME-DIGEST.zip in the working folder. runtime: in place of the settings'.
    Raises BadInput when nothing was trained, or train.py or the settings have changed since; else
    as `pack` does.
    """
    result = read_result(project)
    folder = project.folder / BUILD
    settings = project.settings
    allow_pickle = settings.format == "joblib"
    data = from_parquet((folder / TRAINING_DATA).read_bytes())
    return pack(
        load_model_file(folder / result.model, allow_pickle=allow_pickle),
        data,
        name=settings.name,
        training_data=data,
        target=settings.target,
        metrics=result.metrics,
        tags=tags,
        score=project.score,
        train=project.train,
        requirements=_requirements(project, result),
        path=out,
        allow_pickle=allow_pickle,
        runtime=runtime or settings.runtime,
        policy=project.policy or None,
    )


def _requirements(project: Project, result: Result) -> list[str]:
    """The project's own lines, and the versions that it was trained with for all others."""
    own = read_requirements(project.requirements)
    named = {canonicalize_name(Requirement(line).name) for line in own}
    trained = [f"{name}=={version}" for name, version in result.versions.items()]
    return [*own, *(line for line in trained if line.partition("==")[0] not in named)]
