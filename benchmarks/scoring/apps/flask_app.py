"""The service that many write themselves: Flask, a DataFrame a request, nothing checked or kept."""

import os

import joblib
import pandas as pd
from flask import Flask, jsonify, request

app = Flask(__name__)
model = joblib.load(os.environ["MODEL"])


@app.post("/score")
def score() -> object:
    """Labels of the rows."""
    frame = pd.DataFrame(request.get_json()["input_df"])
    return jsonify(predictions=model.predict(frame).tolist())
