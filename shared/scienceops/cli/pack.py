"""`scienceops pack`: make a package of a project, of a model file, or of the classic files."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scienceops.cli.show import show_json
from scienceops.errors import BadInput

if TYPE_CHECKING:
    from scienceops.core.captures import Task
    from scienceops.core.manifest import RuntimeChoice, RuntimeEntry

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_TABLE = "(.csv, .json, .jsonl, .parquet or .xlsx)"
#: The options that a project's package takes too; any other describes a model file.
_OF_PROJECTS = frozenset({"project", "tags", "runtime", "out", "as_json"})


@click.command()
@click.option("--project", type=_FOLDER, help="A project's folder; by default this one.")
@click.option("--name", help="Name of the service, like iris-v2.")
@click.option(
    "--model",
    type=click.Path(exists=True, path_type=Path),
    help="The model: .skops, .joblib, .pkl, .onnx, an MLflow model directory or a zip of one.",
)
@click.option("--score", type=_FILE, help="A score.py with init() and run(input_df).")
@click.option("--schema", type=_FILE, help="service_schema.json, for --score or ONNX.")
@click.option("--conda", type=_FILE, help="conda_dependencies.yml; needs --score.")
@click.option("--sample", type=_FILE, help=f"A few rows as the model takes them {_TABLE}.")
@click.option("--training-data", type=_FILE, help=f"The rows it was trained on {_TABLE}.")
@click.option("--target", help="The column of the training data that the model predicts.")
@click.option("--metrics", multiple=True, help="NAME=VALUE, or a JSON file of them; repeatable.")
@click.option("--tag", "tags", multiple=True, help="NAME=TEXT; repeatable.")
@click.option("--requirements", type=_FILE, help="requirements.txt, beside what the model uses.")
@click.option("--train", type=_FILE, help="A train.py with train(data); needs --training-data.")
@click.option(
    "--task",
    type=click.Choice(["classification", "regression", "custom"]),
    help="What the model does, when it cannot be told from its answers.",
)
@click.option("--policy", type=_FILE, help="scienceops.toml: proposal for the service's policy.")
@click.option("--allow-pickle", is_flag=True, help="Run what a pickle holds, here and served.")
@click.option(
    "--runtime",
    type=click.Choice(["auto", "compiled", "sklearn"]),
    help="What serves it; by default compiled where that is proved to answer alike.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The zip, or its folder.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_context
def pack(
    context: click.Context,
    project: Path | None,
    name: str | None,
    model: Path | None,
    score: Path | None,
    schema: Path | None,
    conda: Path | None,
    sample: Path | None,
    training_data: Path | None,
    target: str | None,
    metrics: tuple[str, ...],
    tags: tuple[str, ...],
    requirements: Path | None,
    train: Path | None,
    task: "Task | None",
    policy: Path | None,
    allow_pickle: bool,
    runtime: "RuntimeChoice | None",
    out: Path | None,
    as_json: bool,
) -> None:
    """Make a package, a zip that `scienceops push` uploads.

    \b
    A project:              no option, in its folder, after `scienceops train`
    A model alone:          --name iris --model model.skops --sample rows.csv
    From elsewhere:         --name iris --model model.onnx --sample rows.csv
                            --name iris --model mlflow_model/ --allow-pickle
    The classic workflow:   --name iris --model model.pkl --score score.py
                            --schema service_schema.json --conda conda_dependencies.yml
    """
    given = {key for key, value in context.params.items() if value not in (None, (), False)}
    if given <= _OF_PROJECTS:
        _say(*_pack_project(project or Path(), tags, runtime, out), as_json)
        return
    if project is not None:
        raise click.UsageError("--project packs what `scienceops train` left: give no model file")
    if name is None or model is None:
        raise click.MissingParameter(
            "a package of a model file needs it; without any option, `scienceops pack` packs the "
            "project in this folder",
            context,
            param_hint="'--name'" if name is None else "'--model'",
            param_type="option",
        )
    # The heavy libraries load only when there is something to pack.
    from scienceops.packing import pack as pack_model
    from scienceops.packing import pack_classic
    from scienceops.packing.elsewhere import is_from_elsewhere, pack_elsewhere
    from scienceops.packing.model_formats import load_model_file
    from scienceops.packing.other_versions import other_versions_kept
    from scienceops.packing.read_table import read_table

    from_elsewhere = score is None and is_from_elsewhere(model)
    if score is None and (conda or (schema and not from_elsewhere)):
        raise click.UsageError("--schema and --conda describe a score.py: give --score too")
    if model.is_dir() and not from_elsewhere:
        raise click.UsageError(f"{model} is a folder without an MLmodel file: name a model file")
    rows = None if sample is None else read_table(sample)
    training = None if training_data is None else read_table(training_data)
    common: dict[str, Any] = {
        "training_data": training,
        "target": target,
        "metrics": read_metrics(metrics),
        "tags": dict(map(split_pair, tags)),
        "requirements": requirements,
        "task": task,
        "policy": policy,
    }
    own: dict[str, Any] = {
        "train": train,
        "allow_pickle": allow_pickle,
        "runtime": runtime or "auto",
    }
    notes: tuple[str, ...] = ()
    if score is not None and runtime == "compiled":
        raise click.UsageError("a score.py runs as it is: --runtime compiled is for a model alone")
    if score is not None:
        common["train"] = train
        packed = pack_classic(name, model, score, schema, conda, out, sample=rows, **common)
        path, notes = packed.path, packed.notes
    elif from_elsewhere:
        with other_versions_kept() as kept:
            packed = pack_elsewhere(
                model, rows, name=name, out=out, schema_file=schema, **own, **common
            )
        path, notes = packed.path, (*packed.notes, *kept)
    elif rows is None and training is None:
        raise click.UsageError("a package proves itself on a few rows: give --sample FILE")
    else:
        rows = training if rows is None else rows
        loaded = load_model_file(model, allow_pickle=allow_pickle)
        with other_versions_kept() as kept:
            path = pack_model(loaded, rows, name=name, path=out, **own, **common)
        notes = tuple(kept)
    _say(path, notes, as_json)


def _pack_project(
    folder: Path, tags: tuple[str, ...], runtime: "RuntimeChoice | None", out: Path | None
) -> tuple[Path, tuple[str, ...]]:
    from scienceops.projects.project import SETTINGS, read_project

    if folder == Path() and not Path(SETTINGS).is_file():
        raise click.UsageError(
            f"no {SETTINGS} here, so this is no project: go into one, make one with `scienceops "
            "init NAME`, or pack a model file with --name and --model"
        )
    project = read_project(folder)
    from scienceops.packing.other_versions import other_versions_kept
    from scienceops.projects.pack_project import pack_project

    with other_versions_kept() as kept:
        own_tags = dict(map(split_pair, tags))
        path = pack_project(project, out=out, tags=own_tags, runtime=runtime)
    return path, tuple(kept)


def read_metrics(given: tuple[str, ...]) -> dict[str, Any]:
    """Metrics from NAME=VALUE pairs and JSON files; raises BadInput naming what is neither.

    >>> read_metrics(("accuracy=0.97", "f1=0.9"))
    {'accuracy': 0.97, 'f1': 0.9}
    """
    metrics: dict[str, Any] = {}
    for item in given:
        if "=" not in item:
            metrics |= _metrics_file(Path(item))
            continue
        key, value = split_pair(item)
        try:
            metrics[key] = float(value)
        except ValueError:
            raise BadInput(f"metric {item!r}: {value!r} is no number") from None
    return metrics


def split_pair(item: str) -> tuple[str, str]:
    """NAME=TEXT in two; raises BadInput for anything else.

    >>> split_pair("team=blue=green")
    ('team', 'blue=green')
    """
    key, mark, value = item.partition("=")
    if not mark or not key:
        raise BadInput(f"{item!r} is no NAME=VALUE")
    return key, value


def _metrics_file(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadInput(
            f"metrics {str(path)!r} are neither NAME=VALUE nor a JSON file: {error}"
        ) from None
    if not isinstance(document, dict):
        raise BadInput(f"{path}: wanted a JSON object, name to number")
    return document


def _say(path: Path, notes: tuple[str, ...], as_json: bool) -> None:
    from scienceops.core.package import read_package
    from scienceops.packing.write_package import NO_LIMIT

    package = read_package(path, limit_bytes=NO_LIMIT)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        manifest = package.manifest
        show_json(
            {
                "path": str(path),
                "name": manifest.name,
                "digest": package.digest,
                "task": manifest.task,
                "format": manifest.model.format,
                "allow_pickle": manifest.model.allow_pickle,
                "runtime": manifest.runtime.model_dump(),
                "notes": list(notes),
            }
        )
        return
    click.echo(f"packed {path} ({package.manifest.task}, {path.stat().st_size / 1000:.1f} kB)")
    click.echo(_runs(package.manifest.runtime))
    click.echo(f"upload it with `scienceops push {path}`")


def _runs(runtime: "RuntimeEntry") -> str:
    if runtime.kind == "compiled":
        return (
            f"served compiled, without scikit-learn: {runtime.rows} rows answered alike, "
            f"largest difference {runtime.largest_difference:.1g}"
        )
    if runtime.kind == "onnx":
        return "served by onnxruntime, without scikit-learn"
    return f"served by scikit-learn, not compiled: {runtime.reason}"
