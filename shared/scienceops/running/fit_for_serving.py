"""Fit for serving: what a loaded estimator is rid of, for its answers do not depend on it."""

from typing import Any

from scienceops.core.manifest import ModelInput
from scienceops.running.object_graph import reachable

_NAMES = "feature_names_in_"
_JOBS = "n_jobs"


def fit_for_serving(model: Any, form: ModelInput) -> None:
    """Change a loaded model in place: one thread per call, and no names when it gets `values`.

    The calls of a service share its cores already, and an estimator that starts threads of its own
    for each of them takes many times as long. One that knows the names of its columns warns at
    every call that comes without.
    """
    for item in reachable(model):
        own = item.__dict__ if isinstance(getattr(item, "__dict__", None), dict) else {}
        if form == "values":
            own.pop(_NAMES, None)
        if isinstance(own.get(_JOBS), int):
            own[_JOBS] = None
