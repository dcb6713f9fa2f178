"""`scienceops labels`: tell a service what the rows it scored turned out to be."""

import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from scienceops.cli.rows import batches
from scienceops.cli.session import app, post
from scienceops.cli.show import show_json
from scienceops.core.csv_rows import decode, read_header, read_records, typed
from scienceops.core.near import near
from scienceops.core.schema import Column
from scienceops.errors import BadInput

LABELS_PER_REQUEST = 5000
PROBLEMS_SHOWN = 20
COLUMNS = ("request_id", "row", "label")


@click.command()
@click.argument("name")
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV or JSON lines with request_id, row (0 unless given) and label.",
)
@click.option("--key", envvar="SCORING_KEY", help="API key; the owner's token unless given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def labels(name: str, data: Path, key: str | None, as_json: bool) -> None:
    """Send labels of rows that service NAME has scored; the latest label of a row wins."""
    items = _read(data, numbers=app().service(name)["task"] == "regression")
    answers = [
        post(
            f"/api/v1/service/{name}/labels",
            json.dumps({"labels": batch}).encode(),
            key or app().owner_token,
            {},
        )
        for batch in batches(items, LABELS_PER_REQUEST)
    ]
    problems = [
        {**problem, "item": problem["item"] + LABELS_PER_REQUEST * place}
        for place, answer in enumerate(answers)
        for problem in answer["problems"]
    ]
    accepted = sum(answer["accepted"] for answer in answers)
    refused = sum(answer["refused"] for answer in answers)
    found = sorted({c for answer in answers for c in answer["new_classes"]})
    if as_json:
        show_json(
            {"accepted": accepted, "refused": refused, "problems": problems, "new_classes": found}
        )
    else:
        noun = "label" if accepted == 1 else "labels"
        click.echo(f"{accepted} {noun} taken, {refused} refused")
        for problem in problems[:PROBLEMS_SHOWN]:
            click.echo(f"  label {problem['item'] + 1}: {problem['problem']}", err=True)
        if len(problems) > PROBLEMS_SHOWN:
            click.echo(f"  and {len(problems) - PROBLEMS_SHOWN} more", err=True)
        if found:
            click.echo(f"  classes that the model does not know: {', '.join(found)}")
    if refused:
        raise click.exceptions.Exit(1)


def _read(path: Path, *, numbers: bool) -> list[dict[str, Any]]:
    if path.suffix.lower() not in (".csv", ".jsonl"):
        raise BadInput(f"{path}: wanted .csv or .jsonl")
    try:
        items = _read_csv(path, numbers) if path.suffix.lower() == ".csv" else _read_lines(path)
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read as {path.suffix}: {error}") from None
    if not items:
        raise BadInput(f"{path} holds no labels")
    return items


def _read_csv(path: Path, numbers: bool) -> list[dict[str, Any]]:
    text = decode(path.read_bytes(), str(path))
    _check_columns(read_header(text, COLUMNS, str(path)))
    return [_typed(row, numbers) for row in read_records(text, COLUMNS, str(path))]


def _check_columns(names: Sequence[str]) -> None:
    """Raise ValueError unless these are the columns of labels."""
    wanted = f"wanted the columns {', '.join(COLUMNS)}, of which row may be left out"
    for name in names:
        if name not in COLUMNS:
            close = difflib.get_close_matches(name, set(COLUMNS) - set(names), n=1)
            raise ValueError(f"unknown column {name!r}{near(close)}: {wanted}")
    lacking = [name for name in COLUMNS if name not in names and name != "row"]
    if lacking:
        raise ValueError(f"no column {lacking[0]!r}: {wanted}")


def _typed(row: dict[str, str], numbers: bool) -> dict[str, Any]:
    # A CSV has no types; what does not convert goes on as text, and the service says what is wrong.
    label = typed(row["label"], Column("label", "number" if numbers else "string"))
    place = typed(row.get("row", ""), Column("row", "integer"))
    return {"request_id": row["request_id"], "row": 0 if place is None else place, "label": label}


def _read_lines(path: Path) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        return [json.loads(line) for line in file if line.strip()]
