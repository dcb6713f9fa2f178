"""Iris: the demo's model and its traffic, a week whose last two days drift."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DAYS = 7
DRIFTING_DAYS = 2
REQUESTS_PER_DAY = 20
ROWS_PER_REQUEST = 50
#: Column -> by how much it is moved on the drifting days, in centimetres.
SHIFTED = {"sepal width (cm)": 1.5, "petal length (cm)": 1.4, "petal width (cm)": 0.7}


@dataclass(frozen=True)
class Call:
    """One simulated request: when it came, its rows, and what each flower truly is."""

    at: datetime
    rows: list[dict[str, Any]]
    species: list[str]


def train_and_pack(folder: Path) -> tuple[Path, float]:
    """The package of a model trained on scikit-learn's own Iris, and its test accuracy."""
    from sklearn.model_selection import train_test_split

    from scienceops.demo import train
    from scienceops.packing import pack

    flowers = _flowers()
    known, unseen = train_test_split(
        flowers, test_size=0.2, random_state=7, stratify=flowers[train.TARGET]
    )
    model, metrics = train.train(known)
    accuracy = float(model.score(unseen.drop(columns=train.TARGET), unseen[train.TARGET]))
    path = pack(
        model,
        unseen.head(20),
        name="iris",
        training_data=known,
        target=train.TARGET,
        train=Path(train.__file__),
        metrics={"accuracy": accuracy, **metrics},
        tags={"data": "scikit-learn's iris"},
        policy={"simulated": True},
        path=folder / "iris.zip",
    )
    return path, accuracy


def real_rows() -> list[dict[str, Any]]:
    """Every flower of the data set, as a client sends it."""
    rows: list[dict[str, Any]] = _flowers().drop(columns="species").to_dict("records")
    return rows


def simulated_week(today: datetime) -> Iterator[Call]:
    """Each request of the days before `today`."""
    import numpy as np

    rows, species = real_rows(), list(_flowers()["species"])
    random = np.random.default_rng(7)
    midnight = today.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(DAYS):
        drifts = day >= DAYS - DRIFTING_DAYS
        for request in range(REQUESTS_PER_DAY):
            at = midnight - timedelta(days=DAYS - day) + timedelta(minutes=40 + 60 * request)
            places = random.integers(0, len(rows), ROWS_PER_REQUEST)
            chosen = [dict(rows[i]) for i in places]
            for row in chosen:
                for name, shift in SHIFTED.items() if drifts else ():
                    row[name] = round(row[name] + shift, 1)
            yield Call(at, chosen, [species[i] for i in places])


def _flowers() -> Any:
    from sklearn.datasets import load_iris

    iris = load_iris(as_frame=True)
    return iris.data.assign(species=iris.target_names[iris.target])
