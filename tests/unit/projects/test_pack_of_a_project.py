"""`scienceops pack` in a project: what `train` left, and nothing else."""

import pytest
from small_project import SETTINGS, packed

from scienceops.core.package import read_package


def test_pack_before_train_names_the_command(line, scienceops):
    code, _, err = scienceops("pack")
    assert code == 1
    assert "has no training result: run `scienceops train`" in err


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("train.py", "[1.0,", "[1.5,", "train.py has changed since the model was trained"),
        ("scienceops.toml", '"y"', '"x"', "target was 'y' when the model was trained, now 'x'"),
        ("build/result.json", "{", "", "result.json cannot be read"),
    ],
)
def test_pack_refuses_what_train_did_not_make(line, file, old, new, says, scienceops):
    scienceops("train")
    path = line / file
    path.write_text(path.read_text().replace(old, new, 1))
    code, _, err = scienceops("pack")
    assert code == 1
    assert says in err
    assert "run `scienceops train`" in err


def test_pack_after_a_failed_training_does_not_take_the_one_before(line, scienceops):
    scienceops("train")
    text = (line / "train.py").read_text()
    (line / "train.py").write_text(text.replace('data["y"]', 'data["z"]'))
    assert scienceops("train")[0] == 1
    (line / "train.py").write_text(text)
    assert "has no training result" in scienceops("pack")[2]


def test_the_projects_own_requirements_stand_above_the_pins(line, scienceops):
    (line / "requirements.txt").write_text("scikit-learn>=1.5\nrich\n")
    scienceops("train")
    assert scienceops("pack")[0] == 0
    requirements = packed(line).requirements
    assert {"scikit-learn>=1.5", "rich"} <= set(requirements)
    assert not [text for text in requirements if text.startswith("scikit-learn==")]


def test_pack_without_options_outside_of_a_project_is_wrong_usage(
    tmp_path, monkeypatch, scienceops
):
    monkeypatch.chdir(tmp_path)
    code, _, err = scienceops("pack")
    assert code == 2
    assert "scienceops init NAME" in " ".join(err.split())


def test_pack_of_a_project_takes_no_model_file(line, scienceops):
    code, _, err = scienceops("pack", "--project", ".", "--model", "train.py")
    assert code == 2
    assert "give no model file" in err


def test_what_serves_a_project_is_set_in_it_and_by_pack_for_once(line, scienceops):
    settings = SETTINGS.replace("[project]", '[project]\nruntime = "sklearn"')
    (line / "scienceops.toml").write_text(settings)
    assert scienceops("train")[0] == 0
    assert scienceops("pack", "--out", "set.zip")[0] == 0
    assert scienceops("pack", "--runtime", "auto", "--out", "once.zip")[0] == 0
    kinds = [
        read_package(line / name, limit_bytes=10**9).manifest.runtime.kind
        for name in ("set.zip", "once.zip")
    ]
    assert kinds == ["sklearn", "compiled"]


@pytest.mark.parametrize(("given", "lacks"), [("--name", "--model"), ("--model", "--name")])
def test_pack_of_a_model_file_still_needs_both(line, given, lacks, scienceops):
    code, _, err = scienceops("pack", given, "train.py")
    assert code == 2
    assert f"Missing option '{lacks}'" in err


def test_rows_whose_text_is_missing_are_learned_from_as_they_are_served(line, scienceops):
    (line / "train.py").write_text("""
import pandas as pd
from scienceops import load_data
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

def load():
    return load_data("rows.csv")

def train(data):
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), Ridge())
    return model.fit(data[["x"]], data["y"])
""")
    (line / "rows.csv").write_text("x,y\n" + "Ulm,1\n,2\nBonn,9\n" * 10)
    assert scienceops("train")[0] == 0
    code, _, err = scienceops("pack")
    assert code == 0, err
