"""Diabetes: a regression with missing values, a category and whole numbers.

scikit-learn's own copy of the diabetes data in its first units, with a weight class worked out
from the body mass index in place of it, and with some measurements taken away, as in most real
tables. Run it with `python examples/diabetes/train_and_pack.py [FOLDER]`.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from scienceops import pack

TARGET = "progression"
#: Body mass index in kg/m2, as the World Health Organization draws the lines.
WEIGHT_CLASSES = {"under": 0, "normal": 18.5, "over": 25, "obese": 30}


def load_rows() -> pd.DataFrame:
    """442 patients; every 11th blood pressure and every 17th weight class is missing."""
    data = load_diabetes(as_frame=True, scaled=False)
    measured = data.data
    rows = pd.DataFrame(
        {
            "age": measured["age"].astype(int),
            "weight": pd.cut(
                measured["bmi"], [*WEIGHT_CLASSES.values(), np.inf], labels=[*WEIGHT_CLASSES]
            ).astype(object),
            "blood_pressure": measured["bp"],
            "cholesterol": measured["s1"].astype(int),
            "hdl": measured["s3"],
            "log_triglycerides": measured["s5"],
            "glucose": measured["s6"].astype(int),
        }
    )
    rows[TARGET] = data.target
    rows.loc[rows.index % 11 == 0, "blood_pressure"] = np.nan
    rows.loc[rows.index % 17 == 0, "weight"] = np.nan
    return rows


def build(folder: Path) -> Path:
    """Train, say how good it is, pack into `folder`; the package's path."""
    train, test = train_test_split(load_rows(), test_size=0.3, random_state=0)
    prepare = make_column_transformer(
        (SimpleImputer(strategy="median"), ["blood_pressure"]),
        (OneHotEncoder(handle_unknown="ignore"), ["weight"]),
        remainder="passthrough",
    )
    model = make_pipeline(prepare, RandomForestRegressor(30, min_samples_leaf=5, random_state=0))
    model.fit(train.drop(columns=TARGET), train[TARGET])
    predicted = model.predict(test.drop(columns=TARGET))
    metrics = {
        "mae": mean_absolute_error(test[TARGET], predicted),
        "r2": r2_score(test[TARGET], predicted),
    }
    print("diabetes", {name: round(value, 3) for name, value in metrics.items()})
    return pack(
        model,
        test.head(20),
        name="diabetes",
        training_data=train,
        target=TARGET,
        metrics=metrics,
        policy={"promotion": "auto", "simulated": True},
        path=folder,
    )


if __name__ == "__main__":
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
