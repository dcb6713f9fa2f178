"""Deploy a stage to Azure: `python infra/azure/deploy.py STAGE [--location R] [--dry-run]`.

What is there already stays as it is, so the same command repairs, upgrades and deploys again what
`make destroy-azure` has left. Needs the Azure CLI, signed in as an owner of the subscription.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.azure.az import Az, group_of
from infra.azure.job_image import build_image

HERE = Path(__file__).resolve().parents[2]
BICEP = HERE / "infra" / "bicep"
PACKAGE = HERE / "build" / "azure.zip"
#: A subscription knows of these once it was asked to.
PROVIDERS = (
    "Microsoft.App", "Microsoft.ContainerRegistry", "Microsoft.Databricks", "Microsoft.EventGrid",
    "Microsoft.Insights", "Microsoft.KeyVault", "Microsoft.ManagedIdentity", "Microsoft.Network",
    "Microsoft.OperationalInsights", "Microsoft.Sql", "Microsoft.Storage", "Microsoft.Web",
)  # fmt: skip
ADMINISTRATOR = ("ADMINISTRATOR_ID", "ADMINISTRATOR_NAME")
NEXT = """
ScienceOps answers at {url}
Packages go to {storageName}, container scienceops, under packages/NAME/.
The owner's token is a secret of the vault: docs/azure.md, "The first model".
"""


def deploy(
    stage: str, location: str, az: Az, *, addresses: Sequence[str] = (), what_if: bool = False
) -> None:
    """Resources, image, SQL users, wheel, package: each step may be repeated. Raises SystemExit.

    addresses: IPv4 addresses that people work from; SQL and a closed bucket let no other in.
    """
    parameters = BICEP / f"{stage}.bicepparam"
    if not parameters.exists():
        raise SystemExit(f"there is no {parameters}: copy dev.bicepparam, and set `stage` in it")
    name_administrator(az)
    for provider in PROVIDERS:
        az.do("provider", "register", "--namespace", provider, "--wait")
    group = group_of(stage)
    tags = ("application=scienceops", f"stage={stage}")
    az.do("group", "create", "--name", group, "--location", location, "--tags", *tags)
    allowed = f"allowedAddresses={json.dumps(list(addresses))}"
    place = ("--resource-group", group, "--parameters", str(parameters), allowed)
    if what_if:
        az.do("deployment", "group", "what-if", *place)
        return
    run(az, "infra.azure.job_image")
    known = ("acr", "list", "--resource-group", group, "--query", "[].loginServer")
    # A new stage has no registry yet that could build the image, so it is deployed once more.
    registries = az.ask(*known, otherwise=[])
    image = build_image(az, registries[0]) if registries else ""
    told = create(az, *place, f"jobImage={image}")
    if not image:
        image = build_image(az, told["registryServer"])
        told = create(az, *place, f"jobImage={image}")
    run(az, "infra.azure.grant_sql", *sql_arguments(told))
    if told["databricksUrl"]:
        run(az, "infra.azure.upload_wheel", told["databricksUrl"], told["databricksWheel"])
    run(az, "infra.stage", "azure")
    az.do(
        *("functionapp", "deployment", "source", "config-zip", "--resource-group", group),
        *("--name", told["functionsName"], "--src", str(PACKAGE), "--build-remote", "false"),
    )
    sys.stdout.write(NEXT.format(**told))


def create(az: Az, *words: str) -> dict[str, str]:
    """Deploy the template; its outputs."""
    outputs = az.ask(
        *("deployment", "group", "create", "--name", "scienceops", *words),
        *("--query", "properties.outputs"),
        otherwise=Unknown(),
    )
    return {name: outputs[name]["value"] for name in OUTPUTS}


#: Outputs of main.bicep that the steps after it need.
OUTPUTS = (
    "registryServer", "databricksUrl", "databricksWheel",
    "url", "functionsName", "storageName", "sqlServer", "sqlDatabase", "functionsIdentityName",
    "functionsClientId", "containerIdentityName", "containerIdentityClientId",
)  # fmt: skip


class Unknown(dict[str, Any]):
    """The outputs of a deployment that was not made: each is its name in angle brackets."""

    def __missing__(self, name: str) -> dict[str, str]:
        return {"value": f"<{name}>"}


def name_administrator(az: Az) -> None:
    """Who administers: whoever is signed in, unless the environment names somebody else."""
    if all(az.variables.get(name) for name in ADMINISTRATOR):
        return
    signed_in = {"id": "<id>", "userPrincipalName": "<name>"}
    person = az.ask("ad", "signed-in-user", "show", otherwise=signed_in)
    values = (person["id"], person["userPrincipalName"])
    az.variables.update(zip(ADMINISTRATOR, values, strict=True))


def sql_arguments(told: dict[str, str]) -> list[str]:
    """What grant_sql wants: server, database, then NAME=CLIENT_ID of each identity."""
    return [
        told["sqlServer"],
        told["sqlDatabase"],
        f"{told['functionsIdentityName']}={told['functionsClientId']}",
        f"{told['containerIdentityName']}={told['containerIdentityClientId']}",
    ]


def run(az: Az, module: str, *arguments: str) -> None:
    """Run a program of ours, as this one was run; raises SystemExit when it fails."""
    sys.stdout.write(f"python -m {module} {' '.join(arguments)}\n")
    sys.stdout.flush()
    if not az.dry_run:
        done = subprocess.run([sys.executable, "-m", module, *arguments], check=False, cwd=HERE)
        if done.returncode:
            raise SystemExit(f"{module} failed: correct it, and deploy again")


def main(arguments: list[str]) -> int:
    """Read the command line and deploy."""
    parser = argparse.ArgumentParser(description="Deploy a stage to Azure.")
    parser.add_argument("stage")
    parser.add_argument("--location", default="westeurope", help="region, like westeurope")
    parser.add_argument("--what-if", action="store_true", help="ask Azure what would change")
    parser.add_argument("--dry-run", action="store_true", help="show the commands, run none")
    parser.add_argument(
        "--group", metavar="ID=NAME", help="the group that administers, in Entra ID"
    )
    parser.add_argument(
        "--address", action="append", default=[], help="yours, for SQL and a closed bucket"
    )
    given = parser.parse_args(arguments)
    variables = {}
    if given.group:
        number, _, name = given.group.partition("=")
        variables = dict(zip(ADMINISTRATOR, (number, name), strict=True))
        variables["ADMINISTRATOR_KIND"] = "Group"
    az = Az(given.dry_run, variables)
    deploy(given.stage, given.location, az, addresses=given.address, what_if=given.what_if)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
