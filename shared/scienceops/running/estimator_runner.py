"""Default runner: an estimator with scikit-learn's `predict`, and `predict_proba` if it has one."""

from typing import Any

import numpy as np

from scienceops.core.manifest import ModelInput
from scienceops.core.schema import Schema
from scienceops.core.table import Table
from scienceops.errors import ModelFailed
from scienceops.running.matrix import matrix_of, takes_matrix
from scienceops.running.plain import to_plain
from scienceops.running.runner import Runner, Scored
from scienceops.running.shares import Shares


class EstimatorRunner(Runner):
    """Scores with an estimator that takes what `form` says."""

    def __init__(self, model: Any, schema: Schema, form: ModelInput) -> None:
        super().__init__(schema)
        self._model = model
        self.form = form
        self._needs_frame = form in ("frame", "column") or not takes_matrix(schema)
        # Estimators hide predict_proba when they cannot answer it, so asking once is enough.
        # A model with several targets has a list of classes for each, and no one answer per row.
        self._has_probabilities = hasattr(model, "predict_proba") and not isinstance(
            getattr(model, "classes_", []), list
        )

    def predict_table(self, table: Table) -> Scored:
        """Predictions, and probabilities when the estimator has them; raises ModelFailed."""
        try:
            return self.predict_input(self._input(table), table.count)
        except ModelFailed:
            raise
        except Exception as error:
            # Whatever the model's code raises is the model's failure, not the server's.
            raise ModelFailed(f"the model raised {type(error).__name__}: {error}") from error

    def _input(self, table: Table) -> Any:
        if not self._needs_frame:
            return matrix_of(table, self.schema)
        # pandas is for models that need it.
        from scienceops.running.frame import as_input, table_to_frame

        return as_input(table_to_frame(table, self.schema), self.form)

    def predict_input(self, given: Any, count: int) -> Scored:
        """The same for input that is already in the estimator's form."""
        predicted = self._model.predict(given)
        if getattr(predicted, "shape", ())[1:] == (1,):
            # A target that was trained as a table of one column.
            predicted = np.asarray(predicted).ravel()
        predictions = to_plain(predicted)
        if len(predictions) != count:
            raise ModelFailed(f"the model gave {len(predictions)} predictions for {count} rows")
        if not self._has_probabilities:
            return Scored(predictions)
        labels = [str(label) for label in to_plain(self._model.classes_)]
        return Scored(predictions, Shares.told(labels, self._model.predict_proba(given), count))
