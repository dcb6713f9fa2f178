"""`scienceops demo`: see the whole loop run on Iris."""

import os
import tempfile
from pathlib import Path

import click


@click.command()
@click.option("--exit", "leave", is_flag=True, help="Stop when it is done, instead of staying up.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port on 127.0.0.1; 0 takes any.  [default: 8400, or any if taken]",
)
@click.option(
    "--engine", type=click.Choice(["spark", "inline"]), default="spark", show_default=True
)
def demo(leave: bool, as_json: bool, port: int | None, engine: str) -> None:
    """Train on Iris, deploy, score a simulated week, find what drifted, and learn from it.

    It works in SCIENCEOPS_HOME if that is set, else in a new temporary folder.
    """
    from scienceops.demo.run import run_demo

    if "SCIENCEOPS_HOME" not in os.environ:
        os.environ["SCIENCEOPS_HOME"] = tempfile.mkdtemp(prefix="scienceops-demo-")
    home = Path(os.environ["SCIENCEOPS_HOME"])
    run_demo(home, leave=leave, as_json=as_json, port=port, engine=engine)
