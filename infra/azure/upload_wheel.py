"""Put the wheel where clusters install it from: `python -m infra.azure.upload_wheel URL ID PATH`.

URL, ID: of the Databricks workspace and its resource. PATH: in its files or in a volume; the folder
is made if need be.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from infra.azure.refusals import explained, workspace_url
from infra.azure.wheel import make_wheel

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

WORKSPACE, VOLUMES = "/Workspace/", "/Volumes/"


def upload(client: "WorkspaceClient", wheel: Path, place: str) -> None:
    """Put the wheel there, in place of an older one. Raises SystemExit for a place that is none."""
    from databricks.sdk.service.workspace import ImportFormat

    folder, _, name = place.rpartition("/")
    if name != wheel.name:
        raise SystemExit(f"databricksWheel={place}: wanted a path that ends with {wheel.name}")
    with wheel.open("rb") as content:
        if place.startswith(WORKSPACE):
            client.workspace.mkdirs(folder)
            client.workspace.upload(place, content, format=ImportFormat.RAW, overwrite=True)
        elif place.startswith(VOLUMES):
            client.files.create_directory(folder)
            client.files.upload(place, content, overwrite=True)
        else:
            raise SystemExit(f"databricksWheel={place}: wanted {WORKSPACE}... or {VOLUMES}...")


def main(*words: str) -> int:
    """Make the wheel and upload it, as whoever is signed in with the Azure CLI."""
    from scienceops.adapters.azure.management import open_workspace
    from scienceops.azure_settings import AzureSettings

    parser = argparse.ArgumentParser(prog="python -m infra.azure.upload_wheel")
    parser.add_argument("url", type=workspace_url, help="of the Databricks workspace")
    parser.add_argument("id", help="its resource id, the output databricksId of the deployment")
    parser.add_argument("place", help="a path in the workspace's files, or in a volume")
    told = parser.parse_args(words)
    wheel = make_wheel()
    with explained(told.url):
        settings = AzureSettings(databricks_host=told.url, databricks_id=told.id)
        upload(open_workspace(settings), wheel, told.place)
    sys.stdout.write(f"{told.place} is in {told.url}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
