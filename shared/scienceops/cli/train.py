"""`scienceops train`: run a project's train.py and keep what it gives for `scienceops pack`."""

import sys
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict
from pathlib import Path

import click

from scienceops.cli.show import show_json

PROJECT = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option(
    "--project", type=PROJECT, default=Path(), help="The project's folder; by default this one."
)
@click.option(
    "--docker",
    is_flag=True,
    help="Train in a container, in the very image that a retraining runs in.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def train(project: Path, docker: bool, as_json: bool) -> None:
    """Train the project in this folder: load(), then train(data) of its train.py.

    The model, its training rows, metrics and versions are kept in build/.
    """
    from scienceops.projects.project import read_project

    found = read_project(project)
    # pandas and scikit-learn load only for a project that can be read.
    from scienceops.bootstrap import train_in_container
    from scienceops.config import load_settings
    from scienceops.projects.result import BUILD, read_result
    from scienceops.projects.train_project import requirements_of, train_project

    # What train.py prints, and the progress, must not stand between a script and its JSON.
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        if docker:
            train_in_container(project, requirements_of(found), load_settings())
            result = read_result(found)
        else:
            result = train_project(found, click.echo)
    if as_json:
        show_json({"name": found.settings.name, "build": str(project / BUILD), **asdict(result)})
        return
    click.echo(f"kept {result.model} and {result.rows} rows in {project / BUILD}")
    where = "" if project == Path() else f" --project {project}"
    click.echo(f"pack it with `scienceops pack{where}`")
