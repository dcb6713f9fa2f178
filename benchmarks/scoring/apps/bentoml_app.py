"""The same as BentoML services: each call by itself, and with its adaptive batching."""

import os
from typing import Any

import bentoml
import joblib
import pandas as pd

WORKERS = int(os.environ["WORKERS"])


@bentoml.service(name="single", workers=WORKERS, traffic={"timeout": 60})
class Single:
    """Scores each call on the loop's own thread."""

    def __init__(self) -> None:
        self.model = joblib.load(os.environ["MODEL"])

    @bentoml.api
    async def score(self, input_df: list[dict[str, Any]]) -> dict[str, list[str]]:
        """Labels of the rows."""
        return {"predictions": self.model.predict(pd.DataFrame(input_df)).tolist()}


@bentoml.service(name="batched", workers=WORKERS, traffic={"timeout": 60})
class Batched:
    """Puts the rows of calls that wait together into one DataFrame."""

    def __init__(self) -> None:
        self.model = joblib.load(os.environ["MODEL"])

    @bentoml.api(batchable=True, max_batch_size=1000, max_latency_ms=1000)
    def score(self, input_df: list[dict[str, Any]]) -> list[str]:
        """A label for each row."""
        labels: list[str] = self.model.predict(pd.DataFrame(input_df)).tolist()
        return labels
