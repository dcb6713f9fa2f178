"""Small real models, packed: what the tests upload."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from scienceops import pack


def iris_rows() -> list[dict[str, Any]]:
    """The flowers as rows."""
    rows: list[dict[str, Any]] = load_iris(as_frame=True).data.to_dict("records")
    return rows


def pack_iris(folder: Path, name: str = "iris", strength: float = 1.0, **more: Any) -> Path:
    """Multi-class classification; another strength makes another package."""
    iris = load_iris(as_frame=True)
    model = LogisticRegression(C=strength, max_iter=500)
    model.fit(iris.data, iris.target_names[iris.target])
    path = folder / f"{name}-{strength:g}.zip"
    return pack(
        model,
        iris.data.head(10),
        name=name,
        training_data=iris.data,
        path=path,
        metrics={"accuracy": 0.97},
        **more,
    )


def pack_iris_trees(folder: Path, name: str = "iris") -> Path:
    """The flowers by boosted trees, which answer whatever is a number, 1e308 too."""
    iris = load_iris(as_frame=True)
    model = HistGradientBoostingClassifier(max_iter=5, random_state=0)
    model.fit(iris.data, iris.target_names[iris.target])
    return pack(
        model,
        iris.data.head(10),
        name=name,
        training_data=iris.data,
        path=folder / f"{name}-trees.zip",
    )


def diabetes_frame() -> tuple[pd.DataFrame, pd.Series]:
    """Regression data with missing values and a category."""
    data = load_diabetes(as_frame=True)
    frame = data.data[["age", "bmi", "bp", "s5"]].copy()
    frame["sex"] = np.where(data.data["sex"] > 0, "female", "male")
    frame.loc[frame.index % 10 == 3, "bmi"] = np.nan
    return frame, data.target


def pack_diabetes(folder: Path) -> Path:
    """Regression with missing values and categories."""
    frame, target = diabetes_frame()
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["sex"]),
        remainder="passthrough",
    )
    model = make_pipeline(encode, HistGradientBoostingRegressor(max_iter=30, random_state=0))
    model.fit(frame, target)
    return pack(
        model,
        frame.head(20),
        name="diabetes",
        training_data=frame,
        path=folder / "diabetes.zip",
        policy={"simulated": True},
    )


def pack_text(folder: Path) -> Path:
    """Text in one column."""
    texts = pd.Series(
        ["good day", "fine morning", "lovely evening", "bad night", "awful rain", "terrible cold"]
        * 5
    )
    mood = ["up", "up", "up", "down", "down", "down"] * 5
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, mood)
    return pack(model, texts.head(6).to_frame("text"), name="mood", path=folder / "mood.zip")


TRAIN = """
def train(data, sample_weight=None):
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(n_estimators=30, random_state=0)
    features, species = data.drop(columns="species"), data["species"]
    model.fit(features, species, sample_weight=sample_weight)
    print("trained on", len(data), "rows")
    return model, {"train_accuracy": model.score(features, species)}
"""


def iris_table() -> pd.DataFrame:
    """The flowers with their species."""
    iris = load_iris(as_frame=True)
    table: pd.DataFrame = iris.data.copy()
    table["species"] = iris.target_names[iris.target]
    return table


def pack_trainable_iris(
    folder: Path, name: str = "iris", train: str = TRAIN, **policy: Any
) -> Path:
    """Iris with its train.py and training data, so that it can be retrained."""
    script = folder / "train.py"
    script.write_text(train)
    namespace: dict[str, Any] = {}
    exec(TRAIN, namespace)  # noqa: S102  # The very code that is packed.
    table = iris_table()
    model, metrics = namespace["train"](table)
    return pack(
        model,
        table.head(10),
        name=name,
        training_data=table,
        target="species",
        metrics=metrics,
        train=script,
        policy={"simulated": True, **policy},
        path=folder / f"{name}.zip",
    )
