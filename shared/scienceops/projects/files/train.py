"""Training: `scienceops train` calls load(), and train() with what it gave.

The package carries this file and the rows. A retraining calls train() alone, where no other file
of this folder exists: so only load() reads files, and helpers stay in here.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

#: The column to predict, the same as in scienceops.toml.
TARGET = "species"


def load() -> pd.DataFrame:
    """The rows to train on, target included; paths start in this folder.

    Parquet and Excel:   load_data("rows.parquet"), load_data("rows.xlsx")
    A database:          load_data(os.environ["DATABASE"], "SELECT ... FROM ...")
                         with an address as SQLAlchemy has it, like sqlite:///rows.db
    """
    from scienceops import load_data

    return load_data("iris.csv")


def train(
    data: pd.DataFrame, sample_weight: Sequence[float] | None = None
) -> tuple[Pipeline, dict[str, float]]:
    """The fitted model, and how good it is on a fifth of the rows that it has not seen.

    sample_weight: one weight per row of `data`, in its order; None weighs all alike.
    """
    weights = np.ones(len(data)) if sample_weight is None else np.asarray(sample_weight)
    fit_on, test_on, fit_weights, _ = train_test_split(data, weights, test_size=0.2, random_state=1)
    model = Pipeline([("scale", StandardScaler()), ("classify", LogisticRegression())])
    model.fit(fit_on.drop(columns=TARGET), fit_on[TARGET], classify__sample_weight=fit_weights)
    predicted = model.predict(test_on.drop(columns=TARGET))
    return model, {
        "accuracy": accuracy_score(test_on[TARGET], predicted),
        "f1_macro": f1_score(test_on[TARGET], predicted, average="macro"),
    }
