"""Run: score a file through a service, request by request, and go on where a run stopped."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from scienceops.batch.parts import Parts
from scienceops.batch.source import Source
from scienceops.digests import digest_of
from scienceops.errors import BadInput, BadRows, Conflict, Unavailable

ARROW = "application/vnd.apache.arrow.stream"
#: How long a service may say "not now" before the run gives up.
PATIENCE_SECONDS = 300.0

_OWN = ("row", "prediction", "request_id", "request_row", "version")


@dataclass(frozen=True)
class Answer:
    """The reply to one request."""

    content_type: str
    body: bytes
    request_id: str
    version: int


@dataclass(frozen=True)
class Order:
    """What to score: with which service, in requests of how many rows and bytes at most.

    any_version: go on when another version answers than the one that answered first.
    """

    service: str
    rows: int
    limit_bytes: int
    any_version: bool = False
    restart: bool = False


Ask = Callable[[bytes], Answer]


def score_file(
    source: Source,
    parts: Parts,
    order: Order,
    ask: Ask,
    progress: Callable[[int], object],
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Score every row of the source into `parts.out`, each once; how many there are.

    ask: sends an Arrow stream to the service; raises what its reply says. progress: is told how
    many rows more are scored, at first those of a run before. At most one request's rows are in
    memory. A request that was under way when the run stopped is asked again, so that its rows may
    be captured twice; in the output they are there once.

    Raises BadInput, which names row and column of the file where the service refuses one; Conflict
    for other data, or when another version answers; Unavailable when the service stays away.
    """
    source.check()
    taken = [name for name in source.keep if name in _OWN or name.startswith("probability.")]
    if taken:
        raise BadInput(f"the output has a column {taken[0]!r} of its own: rename the one to keep")
    if parts.out.suffix.lower() == ".csv":
        source.check_kept_in_csv()
    data = {
        "service": order.service,
        "data file": digest_of(source.path),
        "choice of --keep": list(source.keep),
    }
    with parts.opened(data, restart=order.restart):
        done = parts.scored()
        progress(done)
        asked = _patient(ask, sleep)
        try:
            for first, table in source.pieces(order.rows, done):
                _score(first, table, source, parts, order, asked, progress)
        except BadRows as error:
            raise BadInput(
                f"{source.path}: {error}; rows are counted from 0. Correct the file and begin anew "
                f"with --restart; the answers to {parts.scored()} rows are in {parts.folder} until "
                "then"
            ) from None
        if parts.scored() == 0:
            raise BadInput(f"{source.path} holds no rows")
        return parts.join()


def _score(
    first: int,
    table: pa.Table,
    source: Source,
    parts: Parts,
    order: Order,
    ask: Ask,
    progress: Callable[[int], object],
) -> None:
    """Score some rows, in as many requests as the limit of one wants."""
    body = _stream(table.drop_columns([n for n in source.keep if n not in _taken(source)]))
    if len(body) > order.limit_bytes and table.num_rows > 1:
        half = table.num_rows // 2
        _score(first, table.slice(0, half), source, parts, order, ask, progress)
        _score(first + half, table.slice(half), source, parts, order, ask, progress)
        return
    try:
        answer = ask(body)
    except BadRows as error:
        found = [{**told, "row": int(str(told["row"])) + first} for told in error.problems]
        raise BadRows(found) from None
    known = parts.version
    if known is None:
        parts.note_version(answer.version)
    elif known != answer.version and not order.any_version:
        raise Conflict(
            f"version {answer.version} answers now, and version {known} answered the {first} rows "
            "before: go on with both by --any-version, or begin anew by --restart"
        )
    parts.add(first, _with_answers(first, table.select(list(source.keep)), answer))
    progress(table.num_rows)


def _taken(source: Source) -> set[str]:
    return {column.name for column in source.schema.columns}


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    body: bytes = sink.getvalue().to_pybytes()
    return body


def _with_answers(first: int, kept: pa.Table, answer: Answer) -> pa.Table:
    if answer.content_type == ARROW:
        answers = pa.ipc.open_stream(pa.py_buffer(answer.body)).read_all()
        columns = {name: answers[name] for name in answers.column_names}
    else:
        document = json.loads(answer.body)
        told: Any = document["predictions"]
        rows = kept.num_rows
        columns = {"prediction": [told] * rows if isinstance(told, str) else told}
        shares = document.get("probabilities") or [{}]
        columns |= {f"probability.{label}": [row[label] for row in shares] for label in shares[0]}
    count = len(columns["prediction"])
    if kept.num_columns and count != kept.num_rows:
        raise BadInput(f"{count} answers came for the {kept.num_rows} rows from row {first} on")
    own = {
        "row": pa.array(range(first, first + count), pa.int64()),
        **{name: kept[name] for name in kept.column_names},
        **columns,
        "request_id": pa.array([answer.request_id] * count),
        "request_row": pa.array(range(count), pa.int32()),
        "version": pa.array([answer.version] * count, pa.int32()),
    }
    return pa.table(own)


def _patient(ask: Ask, sleep: Callable[[float], None]) -> Ask:
    """Ask again while the service says that it cannot now, as it does when captures must leave."""

    def asked(body: bytes) -> Answer:
        waited = 0.0
        while True:
            try:
                return ask(body)
            except Unavailable as error:
                if waited >= PATIENCE_SECONDS:
                    raise Unavailable(f"{error}; run the same command again to go on") from None
                waited += error.retry_after_seconds
                sleep(error.retry_after_seconds)

    return asked
