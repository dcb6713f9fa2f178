"""The page about bringing a model: its program and its commands run as they stand there."""

import importlib.util
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from mlflow_directory import write_mlflow
from sklearn.linear_model import LogisticRegression

from scienceops.cli.main import cli
from scienceops.core.package import read_package

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bring-your-own-model.md").read_text()


def block(title, language):
    """The first block of code under a title."""
    part = PAGE.partition(f"## {title}\n")[2]
    return re.search(rf"```{language}\n(.*?)```", part, re.S)[1]


def run(commands, monkeypatch):
    for line in commands.replace("\\\n", " ").splitlines():
        words = shlex.split(line)
        if words[0] == "cd":
            monkeypatch.chdir(words[1])
            continue
        assert words[0] == "scienceops"
        done = CliRunner().invoke(cli, words[1:], catch_exceptions=False)
        assert done.exit_code == 0, done.output


def packed(name):
    (path,) = Path().glob(f"{name}-????????.zip")
    return read_package(path, limit_bytes=10**9)


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_notebooks_program_makes_a_package():
    exec(block("From a notebook", "python"), {})  # noqa: S102  # It is our own page.
    assert packed("iris").manifest.target == "target"


def test_the_projects_commands_make_a_package_that_can_be_retrained(monkeypatch):
    run(block("From a project", "sh"), monkeypatch)
    assert {"train.py", "training_data.parquet"} <= set(packed("flowers").files)


def test_the_classic_files_are_packed_by_the_command_shown(tmp_path, monkeypatch):
    script = ROOT / "examples" / "classic_iris" / "train_and_pack.py"
    spec = importlib.util.spec_from_file_location("classic_iris_for_docs", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make_files(tmp_path)
    run(block("From the classic files", "sh"), monkeypatch)
    assert packed("classic-iris").manifest.model.file == "model.pkl"


def test_models_from_elsewhere_are_packed_by_the_commands_shown(tmp_path, monkeypatch):
    from skl2onnx import to_onnx

    rows, labels = [[1.0, 2.0], [3.0, 5.0], [2.0, 2.0]], ["a", "b", "a"]
    model = LogisticRegression().fit(rows, labels)
    example = {"columns": ["x", "y"], "data": rows}
    write_mlflow(tmp_path / "path" / "to" / "mlflow_model", model, example=example)
    graph = to_onnx(model, np.array(rows, dtype="f4"))
    Path("model.onnx").write_bytes(graph.SerializeToString())
    Path("rows.csv").write_text("x,y\n1,2\n3,5\n")
    run(block("From elsewhere", "sh"), monkeypatch)
    packages = Path().glob("iris-????????.zip")
    read = [read_package(path, limit_bytes=10**9).manifest for path in packages]
    assert {manifest.runtime.kind for manifest in read} == {"compiled", "onnx"}


def test_every_setting_of_a_project_has_its_row():
    from scienceops.projects.project import ProjectSettings

    rows = set(re.findall(r"^\| (?:`\[project\]`)? ?\| `(\w+)`", PAGE, re.M))
    assert rows == set(ProjectSettings.model_fields)
