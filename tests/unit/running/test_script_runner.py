"""score.py as people wrote it for other platforms: init(), run(input_df), files beside it."""

import io
import os
import sys
from pathlib import Path

import joblib
import pytest
from support_pack import ROWS, unpacked

from scienceops.errors import ModelFailed
from scienceops.running import load_runner

NO_MODEL = {"file": None, "format": "none"}


def runner_of(folder, source, **files):
    return load_runner(
        unpacked(
            folder,
            {"score.py": source.encode(), **{n.replace("__", "."): d for n, d in files.items()}},
            model=NO_MODEL,
        )
    )


def test_init_finds_the_model_by_its_relative_name(tmp_path):
    data = io.BytesIO()
    joblib.dump({"answer": 42}, data)
    source = (
        "import joblib\n"
        "def init():\n    global model\n    model = joblib.load('model.pkl')\n"
        "def run(input_df):\n    return [model['answer']] * len(input_df)\n"
    )
    before = Path.cwd()
    runner = runner_of(tmp_path / "p", source, model__pkl=data.getvalue())
    assert runner.predict(ROWS).predictions == [42, 42]
    assert Path.cwd() == before


def test_init_finds_the_folder_in_the_environment_only_while_it_runs(tmp_path):
    source = (
        "import os\n"
        "def init():\n    global folder\n    folder = os.environ['AZUREML_MODEL_DIR']\n"
        "def run(input_df):\n    return [folder] * len(input_df)\n"
    )
    runner = runner_of(tmp_path / "p", source)
    assert runner.predict(ROWS).predictions == [str(tmp_path / "p")] * 2
    assert "AZUREML_MODEL_DIR" not in os.environ


@pytest.mark.parametrize("module", ["azureml.core.model", "azureml.core"])
def test_init_finds_the_model_by_azure_mls_own_call(tmp_path, module):
    source = (
        f"from pathlib import Path\nfrom {module} import Model\n"
        "def init():\n    global found\n"
        "    found = Path(Model.get_model_path('iris', version=3)).read_text()\n"
        "def run(input_df):\n    return [found] * len(input_df)\n"
    )
    files = {"score.py": source.encode(), "model.txt": b"weights"}
    entry = {"file": "model.txt", "format": "none"}
    runner = load_runner(unpacked(tmp_path, files, model=entry))
    assert runner.predict(ROWS).predictions == ["weights", "weights"]
    assert "azureml" not in sys.modules


def test_two_scripts_in_one_process_share_nothing(tmp_path):
    source = "def init():\n    global value\n    value = {}\ndef run(_):\n    return [value] * 2\n"
    first = runner_of(tmp_path / "1", source.replace("{}", "1"))
    second = runner_of(tmp_path / "2", source.replace("{}", "2"))
    assert first.predict(ROWS).predictions == [1, 1]
    assert second.predict(ROWS).predictions == [2, 2]


@pytest.mark.parametrize(
    ("expression", "predictions"),
    [
        ("['a', 'b']", ["a", "b"]),
        ("numpy.array([1, 2])", [1, 2]),
        ("numpy.array([[1], [2]])", [1, 2]),
        ("input_df['count'] * 2", [4, 2]),
        ("input_df[['count']]", [2, 1]),
        ("(True, None)", [True, None]),
    ],
)
def test_one_prediction_per_row_is_taken_in_any_common_form(tmp_path, expression, predictions):
    runner = runner_of(tmp_path, f"import numpy\ndef run(input_df):\n    return {expression}\n")
    assert runner.predict(ROWS).predictions == predictions


def test_text_is_the_reply_as_it_stands_and_the_prediction_of_each_row(tmp_path):
    source = "import json\ndef run(input_df):\n    return json.dumps(str(input_df['count'][0]))\n"
    scored = runner_of(tmp_path, source).predict(ROWS)
    assert (scored.reply, scored.predictions) == ('"2"', ['"2"', '"2"'])


def test_probabilities_may_come_with_the_predictions(tmp_path):
    source = (
        "def run(input_df):\n"
        "    return {'predictions': [0, 1], 'probabilities': [{0: 1, 1: 0}, {0: 0.5, 1: 0.5}]}\n"
    )
    scored = runner_of(tmp_path, source).predict(ROWS)
    assert scored.probabilities == [{"0": 1.0, "1": 0.0}, {"0": 0.5, "1": 0.5}]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return [1]", "returned 1 predictions for 2 rows"),
        ("return 7", "returned int: wanted text, a list"),
        ("return {'result': 1}", r"keys \['result'\]: wanted 'predictions'"),
        ("return {'predictions': [1, 2], 'probabilities': [0.1, 0.9]}", "one {class: share}"),
        ("return [object(), 1]", "is no JSON value"),
        ("raise KeyError('x')", "raised KeyError: 'x'"),
    ],
)
def test_a_result_that_cannot_be_served_is_named(tmp_path, body, message):
    runner = runner_of(tmp_path, f"def run(input_df):\n    {body}\n")
    with pytest.raises(ModelFailed, match=message):
        runner.predict(ROWS)


def test_a_script_without_run_is_refused(tmp_path):
    with pytest.raises(ModelFailed, match=r"no function run\(input_df\)"):
        runner_of(tmp_path, "def init():\n    pass\n")


def test_an_init_that_raises_is_named_and_leaves_the_working_directory(tmp_path):
    before = Path.cwd()
    with pytest.raises(ModelFailed, match=r"score\.py raised FileNotFoundError"):
        runner_of(tmp_path, "def init():\n    open('absent')\ndef run(input_df):\n    return []\n")
    assert Path.cwd() == before
