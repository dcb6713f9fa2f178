"""`scienceops score`: score the rows of a file with a service."""

import json
from pathlib import Path
from typing import Any

import click

from scienceops.cli.rows import batches, read_rows
from scienceops.cli.session import app, post
from scienceops.cli.show import show_json, show_table

ROWS_PER_REQUEST = 500


@click.command()
@click.argument("name")
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV, JSON, JSON lines or Parquet.",
)
@click.option("--key", envvar="SCORING_KEY", help="API key; the owner's token unless given.")
@click.option("--captured-at", default="", help="A time of your own, on a simulated service.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def score(name: str, data: Path, key: str | None, captured_at: str, as_json: bool) -> None:
    """Send the rows of a file through the gateway to service NAME."""
    rows = read_rows(data, app().schema(name))
    answers: list[dict[str, Any]] = []
    headers = {"X-ScienceOps-Captured-At": captured_at} if captured_at else {}
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
