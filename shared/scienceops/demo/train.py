"""Train: how the demo's model is made, first by the demo and then by every retraining."""

from typing import Any

import pandas as pd
from sklearn.ensemble import RandomForestClassifier

TARGET = "species"


def train(
    data: pd.DataFrame, sample_weight: Any = None
) -> tuple[RandomForestClassifier, dict[str, float]]:
    """(fitted model, metrics) from rows with their species."""
    features, species = data.drop(columns=TARGET), data[TARGET]
    model = RandomForestClassifier(n_estimators=30, random_state=0)
    model.fit(features, species, sample_weight=sample_weight)
    return model, {"train_accuracy": float(model.score(features, species))}
