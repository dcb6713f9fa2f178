"""Iris: the demo's model and its traffic, a week whose last two days drift."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DAYS = 7
DRIFTING_DAYS = 2
REQUESTS_PER_DAY = 20
ROWS_PER_REQUEST = 50
#: Column -> by how much it is moved on the drifting days, in centimetres.
SHIFTED = {"petal length (cm)": 0.9, "petal width (cm)": 0.4}


def train_and_pack(folder: Path) -> tuple[Path, float]:
    """The package of a model trained on scikit-learn's own Iris, and its test accuracy."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from scienceops.packing import pack

    iris = load_iris(as_frame=True)
    labels = iris.target_names[iris.target]
    x_train, x_test, y_train, y_test = train_test_split(
        iris.data, labels, test_size=0.2, random_state=7, stratify=labels
    )
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    model.fit(x_train, y_train)
    accuracy = float(model.score(x_test, y_test))
    path = pack(
        model,
        x_test.head(20),
        name="iris",
        training_data=x_train,
        metrics={"accuracy": accuracy},
        tags={"data": "scikit-learn's iris"},
        policy={"simulated": True},
        path=folder / "iris.zip",
    )
    return path, accuracy


def real_rows() -> list[dict[str, Any]]:
    """Every flower of the data set, as a client sends it."""
    from sklearn.datasets import load_iris

    rows: list[dict[str, Any]] = load_iris(as_frame=True).data.to_dict("records")
    return rows


def simulated_week(today: datetime) -> Iterator[tuple[datetime, list[dict[str, Any]]]]:
    """(time, rows) of each request of the days before `today`."""
    import numpy as np

    rows = real_rows()
    random = np.random.default_rng(7)
    midnight = today.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(DAYS):
        drifts = day >= DAYS - DRIFTING_DAYS
        for request in range(REQUESTS_PER_DAY):
            at = midnight - timedelta(days=DAYS - day) + timedelta(minutes=40 + 60 * request)
            chosen = [dict(rows[i]) for i in random.integers(0, len(rows), ROWS_PER_REQUEST)]
            for row in chosen:
                for name, shift in SHIFTED.items() if drifts else ():
                    row[name] = round(row[name] + shift, 1)
            yield at, chosen
