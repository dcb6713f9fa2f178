"""Models: the same estimators for every server, trained with fixed seeds."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

NAMES = ("linear", "forest", "boosting", "text")


def data_of(name: str) -> tuple[pd.DataFrame, Any]:
    """(rows, labels) that a model is trained on."""
    iris = load_iris(as_frame=True)
    if name in ("linear", "forest"):
        return iris.data, iris.target_names[iris.target]
    random = np.random.default_rng(0)
    if name == "text":
        words = [f"word{n}" for n in range(2000)]
        texts = [" ".join(random.choice(words, 20)) for _ in range(1000)]
        return pd.DataFrame({"text": texts}), [
            "yes" if "word1 " in text else "no" for text in texts
        ]
    count = 2000
    frame = pd.DataFrame(
        {f"number{n}": random.normal(size=count) for n in range(8)}
        | {f"kind{n}": random.choice(list("abcdefgh"), count) for n in range(3)}
    )
    return frame, (frame["number0"] + (frame["kind0"] == "a") > 0.3).map({True: "yes", False: "no"})


def train(name: str) -> Any:
    """The model."""
    frame, labels = data_of(name)
    if name == "linear":
        return LogisticRegression(max_iter=500).fit(frame, labels)
    if name == "forest":
        return RandomForestClassifier(100, random_state=0).fit(frame, labels)
    if name == "text":
        words = make_column_transformer((TfidfVectorizer(), "text"))
        return make_pipeline(words, LogisticRegression()).fit(frame, labels)
    encode = make_column_transformer(
        (
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
            [f"kind{n}" for n in range(3)],
        ),
        remainder="passthrough",
    )
    boosting = HistGradientBoostingClassifier(categorical_features=[0, 1, 2], random_state=0)
    return make_pipeline(encode, boosting).fit(frame, labels)
