"""`scienceops score`: score the rows of a file with a service."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from scienceops.cli.going_on import goes_on
from scienceops.cli.rows import batches, read_rows
from scienceops.cli.session import app, post, send
from scienceops.cli.show import show_json, show_table

ROWS_PER_REQUEST = 500
ROWS_PER_BATCH = 10_000


@click.command()
@click.argument("name")
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV, JSON, JSON lines or Parquet; with --out CSV or Parquet of any size.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A .parquet or .csv for the answers; a run that was interrupted goes on.",
)
@click.option("--keep", multiple=True, help="With --out: a column to copy there; repeatable.")
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    help=f"With --out: rows per request.  [default: {ROWS_PER_BATCH}]",
)
@click.option("--any-version", is_flag=True, help="With --out: go on when another version is live.")
@click.option("--restart", is_flag=True, help="With --out: forget what an earlier run has scored.")
@click.option("--key", envvar="SCORING_KEY", help="API key; the owner's token unless given.")
@click.option("--captured-at", default="", help="A time of your own, on a simulated service.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def score(
    name: str,
    data: Path,
    out: Path | None,
    keep: tuple[str, ...],
    rows: int | None,
    any_version: bool,
    restart: bool,
    key: str | None,
    captured_at: str,
    as_json: bool,
) -> None:
    """Send the rows of a file through the gateway to service NAME.

    With --out, a file of any size is streamed, and what is answered lies in OUT.partial/ until the
    end: the same command goes on where it was interrupted.
    """
    headers = {"X-ScienceOps-Captured-At": captured_at} if captured_at else {}
    if out is not None:
        _to_file(
            name,
            data,
            out,
            keep,
            rows or ROWS_PER_BATCH,
            any_version,
            restart,
            key,
            headers,
            as_json,
        )
        return
    if keep or rows or any_version or restart:
        raise click.UsageError("--keep, --rows, --any-version and --restart are for --out FILE")
    _to_screen(name, data, key, headers, as_json)


def _to_screen(
    name: str, data: Path, key: str | None, headers: dict[str, str], as_json: bool
) -> None:
    rows = read_rows(data, app().schema(name))
    answers: list[dict[str, Any]] = []
    parts = list(batches(rows, ROWS_PER_REQUEST))
    with click.progressbar(
        parts, label=f"scoring {len(rows)} rows", hidden=as_json or len(parts) == 1
    ) as progress:
        for batch in progress:
            body = json.dumps({"input_df": batch}).encode()
            path = f"/api/v1/service/{name}/score"
            answers.append(post(path, body, key or app().owner_token, headers))
    if as_json:
        show_json(_joined(name, answers))
        return
    predictions = _joined(name, answers)["predictions"]
    if not isinstance(predictions, list):
        click.echo(predictions)
        return
    show_table(["row", "prediction"], list(enumerate(predictions)))
    last = answers[-1]
    click.echo(f"version {last['version']}; request id of the last batch: {last['request_id']}")


def _to_file(
    name: str,
    data: Path,
    out: Path,
    keep: tuple[str, ...],
    rows: int,
    any_version: bool,
    restart: bool,
    key: str | None,
    headers: dict[str, str],
    as_json: bool,
) -> None:
    from scienceops.batch.parts import Parts
    from scienceops.batch.run import ARROW, Answer, Order, score_file
    from scienceops.batch.source import Source

    def ask(body: bytes) -> Answer:
        path = f"/api/v1/service/{name}/score"
        told = send(path, body, key or app().owner_token, {**headers, "Content-Type": ARROW})
        return Answer(
            content_type=told.headers["Content-Type"],
            body=told.body,
            request_id=told.headers["X-ScienceOps-Request-Id"],
            version=int(told.headers["X-ScienceOps-Version"]),
        )

    source = Source(data, app().schema(name), keep)
    order = Order(name, rows, app().settings.request_limit_bytes, any_version, restart)
    total = source.check()
    label = f"scoring {total} rows" if total else "scoring"
    bar: Any = click.progressbar(length=total or 0, label=label, file=sys.stderr, show_pos=True)
    kept = f"answers so far are kept in {out}.partial: the same command goes on from there"
    with goes_on(kept), bar as progress:
        scored = score_file(source, Parts(out), order, ask, progress.update)
    if as_json:
        show_json({"service": name, "out": str(out), "rows": scored})
    else:
        click.echo(f"{scored} rows scored: {out}")


def _joined(name: str, answers: list[dict[str, Any]]) -> dict[str, Any]:
    lists = all(isinstance(answer["predictions"], list) for answer in answers)
    if lists:
        predictions: Any = [p for answer in answers for p in answer["predictions"]]
    else:
        texts = [answer["predictions"] for answer in answers]
        predictions = texts[0] if len(texts) == 1 else texts
    joined = {
        "service": name,
        "version": answers[-1]["version"],
        "request_ids": [answer["request_id"] for answer in answers],
        "predictions": predictions,
    }
    if all(answer.get("probabilities") is not None for answer in answers):
        joined["probabilities"] = [p for answer in answers for p in answer["probabilities"]]
    return joined
