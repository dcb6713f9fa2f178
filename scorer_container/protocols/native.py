"""Our own form: `{"input_df": [{...}]}`, and problems as RFC 9457 has them."""

from typing import Any

import msgspec

from scienceops.core.table import Table
from scienceops.problems import TYPE, Problem
from scorer_container.decode import RowsDecoder
from scorer_container.protocols.form import JSON, Answer, Sent
from scorer_container.protocols.rows import rows_of_csv

_encode = msgspec.json.Encoder().encode


class NativeForm:
    """JSON in, JSON out."""

    def __init__(self, decoder: RowsDecoder) -> None:
        self.decoder = decoder

    def read(self, body: bytes) -> Table:
        """The rows of any of the JSON forms."""
        return self.decoder.decode(body)

    def write(self, answer: Answer) -> Sent:
        """Predictions and probabilities with the request's id."""
        scored = answer.scored
        document: dict[str, Any] = {
            "request_id": answer.request_id,
            "model": answer.service,
            "version": answer.version,
            "predictions": scored.predictions if scored.reply is None else scored.reply,
        }
        if (shares := scored.by_row()) is not None:
            document["probabilities"] = shares
        return Sent(JSON, _encode(document))

    def refuse(self, problem: Problem) -> Sent:
        """Problem details."""
        return Sent(TYPE, _encode(problem.document))


class CsvForm(NativeForm):
    """CSV with a header row in, our JSON out."""

    def read(self, body: bytes) -> Table:
        """The rows of the CSV."""
        schema = self.decoder.schema
        return Table.from_rows(schema.check_rows(rows_of_csv(body, schema)), schema)
