"""What a candidate's package takes over from its base."""

from types import SimpleNamespace

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from scienceops.core.names import HELD_OUT, WEIGHT
from scienceops.core.package import read_package
from scienceops.packing import pack
from scienceops.training.select import OURS
from scienceops.training.train import train_and_pack

TRAIN = """\
from sklearn.linear_model import LogisticRegression

def train(data, sample_weight=None):
    return LogisticRegression().fit(data[["a"]], data["label"], sample_weight)
"""
ROWS = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0] * 5, "label": ["no", "no", "yes", "yes"] * 5})


@pytest.mark.parametrize("asked", ["auto", "compiled", "sklearn"])
def test_it_is_served_by_what_its_base_asked_for(tmp_path, asked):
    (tmp_path / "train.py").write_text(TRAIN)
    model = LogisticRegression().fit(ROWS[["a"]], ROWS["label"])
    base = pack(
        model,
        ROWS[["a"]],
        name="iris",
        path=tmp_path / "base.zip",
        training_data=ROWS,
        target="label",
        train=tmp_path / "train.py",
        runtime=asked,
    )
    package = read_package(base, limit_bytes=10**9)
    package.extract_to(tmp_path / "base")
    rows = ROWS.assign(**{**dict.fromkeys(OURS), WEIGHT: 1.0, HELD_OUT: False})
    order = SimpleNamespace(
        service="iris", base=1, number=1, target="label", requested_at="2026-11-30T00:00:00Z"
    )
    candidate = train_and_pack(order, package, tmp_path, rows, "digest")
    runtime = read_package(candidate, limit_bytes=10**9).manifest.runtime
    assert runtime.asked == asked
    assert runtime.kind == ("sklearn" if asked == "sklearn" else "compiled")
