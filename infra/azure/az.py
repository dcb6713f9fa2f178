"""The Azure CLI as deployments use it: each command is shown, and run unless it is a dry run."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: It takes parameters beside a .bicepparam file; Debian 12 has 2.45, which takes no such file.
#: Source: Azure CLI's HISTORY.rst, of version 2.61.0.
LEAST_VERSION = (2, 61)


@dataclass(frozen=True)
class Az:
    """Runs `az`. A dry run shows what would be run, and answers with what was given instead.

    variables: environment that parameter files read, such as SQL_ADMINISTRATOR_ID.
    """

    dry_run: bool = False
    variables: dict[str, str] = field(default_factory=dict)

    def do(self, *arguments: str) -> None:
        """Run a command for what it does; raises SystemExit when it fails."""
        self._run(arguments, shown=True)

    def ask(self, *arguments: str, otherwise: Any) -> Any:
        """Run a command for the JSON that it answers; raises SystemExit when it fails."""
        told = self._run((*arguments, "--output", "json"), shown=False)
        return otherwise if self.dry_run else json.loads(told or "null")

    def _run(self, arguments: tuple[str, ...], *, shown: bool) -> str:
        sys.stdout.write(f"az {shlex.join(arguments)}\n")
        sys.stdout.flush()
        if self.dry_run:
            return ""
        environment: Mapping[str, str] = {**os.environ, **self.variables}
        try:
            done = subprocess.run(
                ["az", *arguments],
                stdout=None if shown else subprocess.PIPE,
                text=True,
                check=False,
                env=environment,
            )
        except FileNotFoundError:
            raise SystemExit(
                "there is no Azure CLI on this machine: https://aka.ms/installazurecli"
            ) from None
        if done.returncode:
            # What went wrong stands above, in the CLI's own words.
            raise SystemExit(f"az {arguments[0]} {arguments[1]} failed: nothing after it was done")
        return done.stdout or ""


def need_version(az: Az) -> None:
    """Raises SystemExit when the Azure CLI is too old to deploy."""
    told: str | None = az.ask("version", "--query", '"azure-cli"', otherwise=None)
    if told and tuple(map(int, told.split(".")[:2])) < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        raise SystemExit(
            f"the Azure CLI here is {told}, and deploying wants {least} or newer; nothing was "
            "changed yet. Install a newer one: https://aka.ms/installazurecli"
        )


def group_of(stage: str) -> str:
    """The resource group of a stage: one installation, and nothing else.

    >>> group_of("dev")
    'scienceops-dev'
    """
    return f"scienceops-{stage}"
