"""A candidate learns what text is missing as it will be served with it: NaN, not None."""

import io
import json
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from scienceops.core.names import HELD_OUT, WEIGHT, candidate_key, training_result_key
from scienceops.core.names import training_set_key as set_key
from scienceops.core.package import read_package
from scienceops.packing import pack
from scienceops.training import train
from scienceops.training.select import OURS

SCRIPT = """
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

def train(data):
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), Ridge())
    return model.fit(data[["city"]], data["rent"])
"""
#: As a CSV file is read: NaN where nothing stands.
ROWS = pd.DataFrame({"city": ["Ulm", np.nan, "Bonn"] * 20, "rent": np.arange(60.0)})


@pytest.fixture
def package(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), Ridge())
    model.fit(ROWS[["city"]], ROWS["rent"])
    return pack(
        model,
        ROWS[["city"]].head(20),
        name="flats",
        training_data=ROWS,
        target="rent",
        train=tmp_path / "train.py",
        path=tmp_path / "flats.zip",
    )


def test_text_that_is_missing_fails_no_retraining(package, monkeypatch):
    rows = ROWS.assign(**dict.fromkeys(OURS, ""))
    rows[WEIGHT], rows[HELD_OUT] = 1.0, [place % 5 == 0 for place in range(len(rows))]
    frozen = io.BytesIO()
    rows.to_parquet(frozen, index=False)
    stored = {
        training_result_key("flats", 1, "select"): json.dumps({"training_set": "d"}).encode(),
        set_key("flats", "d"): frozen.getvalue(),
    }
    put = {}

    @contextmanager
    def base(_):
        yield read_package(package, limit_bytes=10**9)

    order = SimpleNamespace(
        service="flats",
        number=1,
        base=1,
        target="rent",
        requested_at="2026-11-23T00:00:00.000Z",
        objects=SimpleNamespace(
            get=stored.__getitem__, put=lambda key, path: put.update({key: path.read_bytes()})
        ),
        package=base,
        tell=lambda *_: None,
    )
    monkeypatch.setattr(train, "open_order", lambda _: (order, None))
    assert train.main() == 0
    assert list(put) == [candidate_key("flats", 1)]
