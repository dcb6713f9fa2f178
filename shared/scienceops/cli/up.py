"""`scienceops up`: run the platform on this machine."""

import os
import sys

import click


@click.command()
@click.option("--port", default=8400, show_default=True, help="Port on 127.0.0.1.")
def up(port: int) -> None:
    """Run the platform on this machine, in the foreground, until Ctrl-C.

    Everything it keeps is under SCIENCEOPS_HOME (default ~/.scienceops). Models run as plain
    processes of this user: this machine gives them no sandbox.
    """
    os.execv(sys.executable, [sys.executable, "-m", "functions.local.host", "--port", str(port)])  # noqa: S606  # The host takes this process over, with its signals.
