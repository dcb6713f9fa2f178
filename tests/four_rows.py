"""A model of four rows, and the package that `pack` makes of it."""

import pandas as pd
from sklearn.linear_model import LogisticRegression

from scienceops.core.package import read_package
from scienceops.packing import pack

FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1, 0, 1, 0]})
LABELS = ["no", "yes", "no", "yes"]
MODEL = LogisticRegression().fit(FRAME, LABELS)


def packed(tmp_path, model=MODEL, sample=FRAME, **options):
    return read_package(
        pack(model, sample, name="iris", path=tmp_path, **options), limit_bytes=10**9
    )
