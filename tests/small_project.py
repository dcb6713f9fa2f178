"""The smallest project, and what `pack` makes of it."""

from pathlib import Path

from scienceops.core.package import Package, read_package

SMALL = """
import pandas as pd
from sklearn.linear_model import LinearRegression

def load():
    return pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [2.0, 4.0, 6.0]})

def train(data, sample_weight=None):
    return LinearRegression().fit(data[["x"]], data["y"], sample_weight)
"""
SETTINGS = '[project]\nname = "line"\ntarget = "y"\n'


def packed(folder: Path) -> Package:
    """The one package in a folder."""
    (path,) = folder.glob("*.zip")
    return read_package(path, limit_bytes=10**9)
