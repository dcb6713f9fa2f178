"""score.py as it was written for other platforms: init() loads, run() answers with JSON text."""

import json

import joblib


def init():
    """Load the model from the file beside this one."""
    global model  # noqa: PLW0603  # This is how such scripts keep their model.
    model = joblib.load("model.pkl")


def run(input_df):
    """The species of the first row, as JSON text."""
    pred = model.predict(input_df)
    return json.dumps(str(pred[0]))
