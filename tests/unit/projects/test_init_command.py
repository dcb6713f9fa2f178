"""`scienceops init`: a project that works as it stands, and nothing overwritten."""

import tomllib

import pytest

from scienceops.projects.create import FILES


def test_init_writes_every_file_with_the_name_filled_in(iris):
    assert {path.name for path in iris.iterdir()} == set(FILES)
    assert tomllib.loads((iris / "scienceops.toml").read_text())["project"]["name"] == "iris"
    assert not [file for file in FILES if "PROJECT_NAME" in (iris / file).read_text()]


def test_init_says_what_it_made_and_what_comes_next(tmp_path, scienceops):
    _, out, _ = scienceops("init", "churn", "--folder", tmp_path)
    assert f"made {tmp_path / 'churn'} with train.py" in out
    assert "`scienceops train`, `scienceops pack`" in out


def test_init_overwrites_nothing_and_writes_nothing_beside_it(tmp_path, scienceops):
    (tmp_path / "iris").mkdir()
    (tmp_path / "iris" / "train.py").write_text("mine")
    code, _, err = scienceops("init", "iris", "--folder", tmp_path)
    assert code == 1
    assert "holds train.py already, and nothing is overwritten" in err
    assert [path.name for path in (tmp_path / "iris").iterdir()] == ["train.py"]
    assert (tmp_path / "iris" / "train.py").read_text() == "mine"


def test_init_names_a_file_that_stands_in_its_place(tmp_path, scienceops):
    (tmp_path / "iris").write_text("mine")
    code, _, err = scienceops("init", "iris", "--folder", tmp_path)
    assert code == 1
    assert f"{tmp_path / 'iris'} is a file" in err


@pytest.mark.parametrize("name", ["Iris", "../iris", "a", "iris_v2", "iris-"])
def test_init_refuses_a_name_that_no_service_can_have(tmp_path, name, scienceops):
    code, _, err = scienceops("init", name, "--folder", tmp_path)
    assert code == 1
    assert f"{name!r} is not a service name" in err
    assert not list(tmp_path.iterdir())
