"""Iris: train a classifier on scikit-learn's own copy of the data, and pack it.

Run it with `python examples/iris/train_and_pack.py [FOLDER]`; then upload the zip it names with
`scienceops push`.
"""

import sys
from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from scienceops import pack

TARGET = "species"


def build(folder: Path) -> Path:
    """Train, say how good it is, pack into `folder`; the package's path."""
    data = load_iris(as_frame=True)
    rows = data.data.rename(columns=lambda name: name.removesuffix(" (cm)").replace(" ", "_"))
    rows[TARGET] = data.target_names[data.target]
    train, test = train_test_split(rows, test_size=0.3, random_state=0, stratify=rows[TARGET])

    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(train.drop(columns=TARGET), train[TARGET])
    predicted = model.predict(test.drop(columns=TARGET))
    metrics = {
        "accuracy": accuracy_score(test[TARGET], predicted),
        "f1_macro": f1_score(test[TARGET], predicted, average="macro"),
    }
    print("iris", {name: round(value, 3) for name, value in metrics.items()})
    return pack(
        model,
        test.head(20),
        name="iris",
        training_data=train,
        target=TARGET,
        metrics=metrics,
        tags={"data": "scikit-learn iris"},
        policy={"promotion": "auto", "simulated": True},
        path=folder,
    )


if __name__ == "__main__":
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
