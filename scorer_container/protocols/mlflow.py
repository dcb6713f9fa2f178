"""MLflow's form: what `mlflow models serve` answers at /invocations.

Source: MLflow's documentation of the inference server, "Accepted input formats".
"""

from typing import Any

import msgspec

from scienceops.core.table import Table
from scienceops.problems import Problem
from scorer_container.protocols.form import JSON, Answer, Sent


class MlflowForm:
    """`{"predictions": [...]}` for the rows of another form."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def read(self, body: bytes) -> Table:
        """The rows."""
        table: Table = self._rows.read(body)
        return table

    def write(self, answer: Answer) -> Sent:
        """The predictions alone."""
        scored = answer.scored
        told = scored.predictions if scored.reply is None else scored.reply
        return Sent(JSON, msgspec.json.encode({"predictions": told}))

    def refuse(self, problem: Problem) -> Sent:
        """MLflow's own words for errors, and the faults as ours."""
        code = {
            400: "BAD_REQUEST",
            401: "UNAUTHENTICATED",
            403: "PERMISSION_DENIED",
            422: "BAD_REQUEST",
        }
        document = {
            "error_code": code.get(problem.status, "INTERNAL_ERROR"),
            "message": problem.document["detail"],
            **{k: v for k, v in problem.document.items() if k in ("problems", "reference")},
        }
        return Sent(JSON, msgspec.json.encode(document))
