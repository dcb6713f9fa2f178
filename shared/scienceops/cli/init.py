"""`scienceops init`: make a project folder that trains, packs and serves as it stands."""

from pathlib import Path

import click


@click.command()
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Where the project's folder is made; by default here.",
)
def init(name: str, folder: Path) -> None:
    """Make the project NAME: a folder with train.py and all that a service needs.

    It holds a small example that works as it stands. NAME is the name of the service, too.
    """
    from scienceops.projects.create import FILES, create_project

    place = create_project(name, folder)
    click.echo(f"made {place} with {', '.join(FILES)}")
    click.echo(f"go on with `cd {place}`, `scienceops train`, `scienceops pack`")
