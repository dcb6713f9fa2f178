"""Our own form: `{"input_df": [{...}]}`, and problems as RFC 9457 has them."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from scienceops.core.table import FEW_ROWS, Table
from scienceops.problems import TYPE, Problem
from scienceops.running import Shares
from scorer_container.decode import RowsDecoder
from scorer_container.field_names import are_field_names
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
        if scored.shares is not None:
            document["probabilities"] = _by_row(scored.shares)
        return Sent(JSON, _encode(document))

    def refuse(self, problem: Problem) -> Sent:
        """Problem details."""
        return Sent(TYPE, _encode(problem.document))


def _by_row(shares: Shares | list[dict[str, float]]) -> Sequence[Any]:
    """For each row an object, of class -> share."""
    if not isinstance(shares, Shares):
        return shares
    if shares.count <= FEW_ROWS or not are_field_names(shares.labels):
        return shares.by_row()
    return list(map(_row_of(tuple(shares.labels)), *shares.matrix.T.tolist()))


@cache
def _row_of(labels: tuple[str, ...]) -> Any:
    """Takes a share of each class; made and written in half the time of a dict."""
    names = [f"c{place}" for place in range(len(labels))]
    return msgspec.defstruct(
        "Row",
        [(name, float) for name in names],
        rename=dict(zip(names, labels, strict=True)),
        gc=False,
    )


class CsvForm(NativeForm):
    """CSV with a header row in, our JSON out."""

    def read(self, body: bytes) -> Table:
        """The rows of the CSV."""
        schema = self.decoder.schema
        return Table.from_rows(schema.check_rows(rows_of_csv(body, schema)), schema)
