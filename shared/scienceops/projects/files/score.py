"""Scoring by hand, for answers that differ from the model's own predict().

Not used unless scienceops.toml says `score = "score.py"`. Then init() runs once when the service
starts, and run() for every call, from several threads.
"""

from pathlib import Path
from typing import Any

import pandas as pd

#: The model, once init() has run.
model: Any = None


def init() -> None:
    """Load the model; the working directory is the unpacked package, while init() runs."""
    from scienceops.running import load_model

    global model
    model = load_model(Path())


def run(input_df: pd.DataFrame) -> dict[str, Any]:
    """One prediction per row, and the share of each class.

    A list or array of predictions is enough; leave the probabilities out if there are none.
    """
    shares = model.predict_proba(input_df)
    return {
        "predictions": model.predict(input_df),
        "probabilities": [
            dict(zip(model.classes_.tolist(), row, strict=True)) for row in shares.tolist()
        ],
    }
