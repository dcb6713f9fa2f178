"""The same as a FastAPI service; on the loop's own thread, for a hop to another only costs."""

import os
from typing import Any

import joblib
import pandas as pd
from fastapi import FastAPI

app = FastAPI()
model = joblib.load(os.environ["MODEL"])


@app.post("/score")
async def score(body: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """Labels of the rows."""
    return {"predictions": model.predict(pd.DataFrame(body["input_df"])).tolist()}
