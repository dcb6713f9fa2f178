"""MLflow model directories, written by hand as MLflow 2 and 3 write them."""

import json
import pickle
from pathlib import Path
from typing import Any

import skops.io
import yaml
from sklearn import __version__ as sklearn_version

TYPES = {"float64": "double", "float32": "float", "int64": "long", "bool": "boolean"}


def columns_of(frame: Any) -> list[dict[str, Any]]:
    """The inputs of a signature, as `infer_signature` tells them."""
    kinds = frame.dtypes.astype(str)
    return [
        {"type": TYPES.get(kinds[name], "string"), "name": name, "required": True}
        for name in frame.columns
    ]


def write_mlflow(
    folder: Path,
    model: Any,
    *,
    form: str = "cloudpickle",
    inputs: list[dict[str, Any]] | None = None,
    example: Any = None,
    requirements: str | None = f"mlflow==3.17.2\nscikit-learn=={sklearn_version}\n",
    flavors: dict[str, Any] | None = None,
    release: str = "3.17.2",
) -> Path:
    """The directory of a scikit-learn model; example: the document of input_example.json."""
    folder.mkdir(parents=True)
    name = "model.skops" if form == "skops" else "model.pkl"
    data = skops.io.dumps(model) if form == "skops" else pickle.dumps(model)
    (folder / name).write_bytes(data)
    document: dict[str, Any] = {
        "flavors": flavors
        or {
            "python_function": {
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
                "loader_module": "mlflow.sklearn",
                "model_path": name,
                "predict_fn": "predict",
                "python_version": "3.11.7",
            },
            "sklearn": {
                "code": None,
                "pickled_model": name,
                "serialization_format": form,
                "sklearn_version": sklearn_version,
            },
        },
        "mlflow_version": release,
        "model_uuid": "7ad701deaa714ce9a0768157b2699943",
    }
    if inputs is not None:
        document["signature"] = {"inputs": json.dumps(inputs), "outputs": None, "params": None}
    if example is not None:
        (folder / "input_example.json").write_text(json.dumps(example))
        document["saved_input_example_info"] = {
            "artifact_path": "input_example.json",
            "type": "dataframe",
            "pandas_orient": "split",
        }
    (folder / "MLmodel").write_text(yaml.safe_dump(document))
    if requirements is not None:
        (folder / "requirements.txt").write_text(requirements)
    conda = {"dependencies": ["python=3.11.7", "pip", {"pip": ["mlflow", "joblib"]}]}
    (folder / "conda.yaml").write_text(yaml.safe_dump(conda))
    return folder
