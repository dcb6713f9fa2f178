"""Extras: what the caller adds to a model, checked while the mistake is still at hand."""

import inspect
import io
import json
import math
import textwrap
from ast import FunctionDef
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scienceops.core.names import OF_TRAINING
from scienceops.core.package import POLICY
from scienceops.core.policy import read_policy
from scienceops.core.requirement_lines import REQUIREMENTS
from scienceops.errors import BadInput
from scienceops.packing.environment import parse_script


def text_files(
    pins: Iterable[str], policy: Mapping[str, Any] | str | Path | None
) -> dict[str, bytes]:
    """The requirements, and the policy if there is one, as a package holds them."""
    files = {REQUIREMENTS: "".join(f"{line}\n" for line in pins).encode()}
    if policy is not None:
        files[POLICY] = policy_to_toml(policy)
    return files


def check_metrics(metrics: Mapping[str, Any] | None) -> dict[str, float]:
    """Metrics as plain floats; raises BadInput naming one that is no finite number.

    >>> check_metrics({"accuracy": 1})
    {'accuracy': 1.0}
    """
    checked = {}
    for name, value in (metrics or {}).items():
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise BadInput(f"metric {name!r} is {value!r}: wanted a finite number")
        checked[str(name)] = number
    return checked


def check_tags(tags: Mapping[str, Any] | None) -> dict[str, str]:
    """Tags as they came; raises BadInput naming one that is no text."""
    for name, value in (tags or {}).items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise BadInput(f"tag {name!r} is {value!r}: wanted text, like {str(value)!r}")
    return dict(tags or {})


def read_script(source: str | Path | Callable[..., Any], function: str, name: str) -> bytes:
    """The script's content; raises BadInput when it is no Python or lacks the function.

    source: a file, or the function itself with all its imports inside.
    """
    if callable(source):
        text = textwrap.dedent(inspect.getsource(source)).encode()
    else:
        text = Path(source).read_bytes()
    defined = {n.name for n in parse_script(text, name).body if isinstance(n, FunctionDef)}
    if function not in defined:
        raise BadInput(f"{name} has no function {function!r}: define it, at the top level")
    return text


def policy_to_toml(policy: Mapping[str, Any] | str | Path) -> bytes:
    """scienceops.toml of a policy, or of the file of that name; raises BadPolicy.

    >>> policy_to_toml({"promotion": "manual", "simulated": True})
    b'promotion = "manual"\\nsimulated = true\\n'
    """
    if not isinstance(policy, Mapping):
        return Path(policy).read_bytes()
    read_policy(policy)
    # The values of a policy are text, numbers and booleans, which TOML writes as JSON does.
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in policy.items())
    return "".join(lines).encode()


def check_columns(training: pd.DataFrame) -> pd.DataFrame:
    """Rows to learn from as they came; raises BadInput for a column that a training set adds."""
    for name in training.columns:
        if name in OF_TRAINING:
            raise BadInput(
                f"training_data has a column {name!r}: that name is kept for what retraining adds; "
                "rename the column"
            )
    return training


def to_parquet(frame: pd.DataFrame) -> bytes:
    """The frame as a Parquet file."""
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


def from_parquet(content: bytes) -> pd.DataFrame:
    """The frame of a Parquet file; what is missing among objects is NaN, as where it is served.

    >>> from_parquet(to_parquet(pd.DataFrame({"city": ["Ulm", float("nan")]})))["city"].tolist()
    ['Ulm', nan]
    """
    frame = pd.read_parquet(io.BytesIO(content))
    # Parquet knows one missing value, which pyarrow reads as None. No model is served that one.
    for name in frame.select_dtypes("object").columns:
        frame[name] = frame[name].where(frame[name].notna(), np.nan)
    return frame
