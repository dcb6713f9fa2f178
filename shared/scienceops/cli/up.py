"""`scienceops up`: run the platform on this machine."""

import os
import sys
from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8400,
    show_default=True,
    help="Port on 127.0.0.1.",
)
@click.option("--tls", is_flag=True, help="Serve HTTPS, by a certificate of its own if need be.")
@click.option("--cert", type=_FILE, help="With --tls: certificate to serve, in PEM form.")
@click.option("--key", type=_FILE, help="With --cert: its private key, in PEM form.")
def up(port: int, tls: bool, cert: Path | None, key: Path | None) -> None:
    """Run the platform on this machine, in the foreground, until Ctrl-C.

    Everything it keeps is under SCIENCEOPS_HOME (default ~/.scienceops). Models run in containers
    where a container engine answers, else as plain processes of this user, without a sandbox;
    SCIENCEOPS_ENGINE chooses, and the first lines say which and why.
    """
    from scienceops.config import load_settings
    from scienceops.errors import BadSetting

    if (cert is None) != (key is None):
        raise click.UsageError("--cert and --key go together: give both files, or neither")
    if cert is not None and not tls:
        raise click.UsageError("--cert is for HTTPS: add --tls")
    cloud = load_settings().cloud
    if cloud != "local":
        raise BadSetting(
            f"SCIENCEOPS_CLOUD is {cloud!r}, where functions are the platform, and `up` runs one "
            "on this machine: wanted 'local'. Unset SCIENCEOPS_CLOUD"
        )
    words = ["--port", str(port), *(["--tls"] if tls else [])]
    if cert is not None and key is not None:
        words += ["--cert", str(cert), "--key", str(key)]
    # Safe of what the current folder holds; the host takes this process over, with its signals.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "functions.local.host", *words])  # noqa: S606
