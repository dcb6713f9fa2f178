"""Classic Iris: make the four files of the init()/run() workflow, and pack them as they are.

Run it with `python examples/classic_iris/train_and_pack.py [FOLDER]`. It does what this does:

    scienceops pack --name classic-iris --model model.pkl --score score.py \\
        --schema service_schema.json --conda conda_dependencies.yml
"""

import json
import platform
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from scienceops.packing import pack_classic


def make_files(folder: Path) -> None:
    """model.pkl, score.py, service_schema.json and conda_dependencies.yml in `folder`."""
    data = load_iris(as_frame=True)
    labels = data.target_names[data.target]
    train, test, train_labels, test_labels = train_test_split(data.data, labels, random_state=0)
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(train, train_labels)
    accuracy = accuracy_score(test_labels, model.predict(test))
    print("classic-iris", {"accuracy": round(accuracy, 3)})

    joblib.dump(model, folder / "model.pkl")
    shutil.copyfile(Path(__file__).with_name("score.py"), folder / "score.py")
    swagger = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {name: {"type": "number", "format": "double"} for name in test.columns},
        },
        "example": test.head(1).to_dict(orient="records"),
    }
    schema = {"input": {"input_df": {"swagger": swagger, "type": 0}}}
    (folder / "service_schema.json").write_text(json.dumps(schema, indent=2))
    python = ".".join(platform.python_version_tuple()[:2])
    (folder / "conda_dependencies.yml").write_text(
        f"name: project_environment\n"
        f"dependencies:\n"
        f"- python={python}\n"
        f"- scikit-learn={version('scikit-learn')}\n"
        f"- pip:\n"
        f"  - azureml-defaults\n"
        f"  - joblib=={version('joblib')}\n"
    )


def build(folder: Path) -> Path:
    """Make the four files in `folder` and pack them there; the package's path."""
    make_files(folder)
    packed = pack_classic(
        "classic-iris",
        folder / "model.pkl",
        folder / "score.py",
        folder / "service_schema.json",
        folder / "conda_dependencies.yml",
        folder,
    )
    for note in packed.notes:
        print("note:", note)
    return packed.path


if __name__ == "__main__":
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
