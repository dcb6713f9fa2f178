"""Project: what scienceops.toml says of a folder, with every unknown key refused."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scienceops.core.manifest import RuntimeChoice
from scienceops.core.mistakes import first_mistake
from scienceops.core.names import check_service_name
from scienceops.core.policy import read_policy
from scienceops.errors import BadInput, BadName, BadPolicy

SETTINGS = "scienceops.toml"


class ProjectSettings(BaseModel):
    """The table [project]."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(description="Name of the service.")
    target: str | None = Field(None, description="The column that the model predicts.")
    format: Literal["skops", "joblib"] = Field(
        "skops", description="joblib consents to a pickle, used only where skops will not do."
    )
    runtime: RuntimeChoice = Field(
        "auto", description="What serves it: auto is compiled where that is proved to answer alike."
    )
    score: str | None = Field(None, description="score.py, when it answers in place of predict().")


@dataclass(frozen=True)
class Project:
    """A project folder and its settings. policy: the table [policy], as it was written."""

    folder: Path
    settings: ProjectSettings
    policy: Mapping[str, Any] = field(default_factory=dict)

    @property
    def train(self) -> Path:
        """The project's train.py."""
        return self.folder / "train.py"

    @property
    def requirements(self) -> Path | None:
        """The project's requirements.txt, if it has one."""
        path = self.folder / "requirements.txt"
        return path if path.is_file() else None

    @property
    def score(self) -> Path | None:
        """The score.py that the settings name; raises BadInput when it is not there."""
        if self.settings.score is None:
            return None
        path = self.folder / self.settings.score
        if not path.is_file():
            raise BadInput(
                f"{SETTINGS}: score = {self.settings.score!r}, but {path} is not there; "
                "write it, or remove that line"
            )
        return path


def read_project(folder: Path) -> Project:
    """The project in `folder`; raises BadInput, BadName or BadPolicy naming the key at fault."""
    path = folder / SETTINGS
    if not path.is_file():
        raise BadInput(
            f"{folder.resolve()} has no {SETTINGS}, so it is no project: go into one, name it "
            "with --project DIR, or make one with `scienceops init NAME`"
        )
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is no TOML: {error}; correct that line") from None
    for key in document:
        if key not in ("project", "policy"):
            raise BadInput(f"{path}: unknown key {key!r}; the tables are [project] and [policy]")
    tables = {key: document.get(key, {}) for key in ("project", "policy")}
    for key, table in tables.items():
        if not isinstance(table, dict):
            raise BadInput(f"{path}: {key} = {table!r}, wanted the table [{key}]")
    return Project(folder, _settings(path, tables["project"]), _policy(path, tables["policy"]))


def _settings(path: Path, table: Mapping[str, Any]) -> ProjectSettings:
    try:
        settings = ProjectSettings.model_validate(table)
    except ValidationError as error:
        found = first_mistake(error)
        key = found.key
        if found.unknown:
            keys = ", ".join(ProjectSettings.model_fields)
            raise BadInput(f"{path}: unknown key {key!r} in [project]; keys are {keys}") from None
        if found.missing:
            raise BadInput(f'{path}: [project] has no {key}; write {key} = "..."') from None
        raise BadInput(f"{path}: [project] {key} = {found.got}: {found.wanted}") from None
    try:
        check_service_name(settings.name)
    except BadName as error:
        raise BadInput(f"{path}: [project] name: {error}") from None
    return settings


def _policy(path: Path, table: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        read_policy(table)
    except BadPolicy as error:
        raise BadPolicy(f"{path}: [policy]: {error}") from None
    return table
