"""Deploy a stage to Azure: `python -m infra.azure.deploy STAGE [--location R] [--dry-run]`.

What is there already stays as it is, and so does what was chosen for it: the same command repairs,
upgrades, and deploys again what `make destroy-azure` has left. Needs the Azure CLI, signed in as an
owner of the subscription.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.azure.az import Az, group_of, need_version
from infra.azure.choices import (
    DEPLOYMENT,
    Administrator,
    Choices,
    describe,
    last_choices,
    need_open,
)
from infra.azure.job_image import build_image, image_to_be
from infra.azure.options import read
from infra.azure.sql_needs import need_driver
from infra.azure.sql_rules import delete_taken_back
from infra.azure.stages import fixed_in, parameters_of

HERE = Path(__file__).resolve().parents[2]
PACKAGE = HERE / "build" / "azure.zip"
#: A subscription knows of these once it was asked to.
PROVIDERS = (
    "Microsoft.App", "Microsoft.ContainerRegistry", "Microsoft.Databricks", "Microsoft.EventGrid",
    "Microsoft.Insights", "Microsoft.KeyVault", "Microsoft.ManagedIdentity", "Microsoft.Network",
    "Microsoft.OperationalInsights", "Microsoft.Sql", "Microsoft.Storage", "Microsoft.Web",
)  # fmt: skip
#: Of no resource in the templates: an environment of Container Apps in a network of ours asks for
#: the first (Azure/bicep, issue 14935), and clusters of Databricks are of the second's machines
#: (MicrosoftDocs/azure-docs, issue 87138).
PROVIDERS_BEHIND = ("Microsoft.ContainerService", "Microsoft.Compute")
DEFAULT_LOCATION = "westeurope"
NEXT = """
ScienceOps answers at {url}
Packages go to {storageName}, container scienceops, under packages/NAME/.
The owner's token is a secret of the vault: docs/azure.md, "The first model".
"""
NO_ADDRESS = """\
No address is allowed: outside of Azure, SQL will refuse the step infra.azure.grant_sql, which then
names the one to allow. OPTIONS="--address YOURS" saves the detour.
"""


def deploy(stage: str, given: Choices, az: Az, *, what_if: bool = False) -> None:
    """Resources, image, SQL users, wheel, package: each step may be repeated. Raises SystemExit.

    given: what this deployment chooses; for anything else the stage keeps what it has.
    """
    parameters = parameters_of(stage)
    fixed = fixed_in(parameters.read_text())
    need_open(given, fixed, parameters)
    if not (what_if or az.dry_run):
        need_driver()
    need_version(az)
    group = group_of(stage)
    had = last_choices(az, group)
    chosen = choose(group, given, had, fixed)
    if chosen.administrator is None:
        chosen = replace(chosen, administrator=signed_in(az))
    az.variables.update(chosen.variables())
    place: tuple[str, ...] = ("--resource-group", group, "--parameters", str(parameters))
    if given.addresses is not None or "allowedAddresses" not in fixed:
        place += (f"allowedAddresses={json.dumps(chosen.addresses or ())}",)
    if what_if:
        look_ahead(az, group, place, is_there=had is not None)
        return
    if not chosen.addresses and "allowedAddresses" not in fixed:
        sys.stdout.write(NO_ADDRESS)
    for provider in PROVIDERS + PROVIDERS_BEHIND:
        az.do("provider", "register", "--namespace", provider, "--wait")
    if had is None:
        tags = ("application=scienceops", f"stage={stage}")
        location = chosen.location or DEFAULT_LOCATION
        az.do("group", "create", "--name", group, "--location", location, "--tags", *tags)
    run(az, "infra.azure.job_image")
    # A new stage has no registry yet that could build the image, so it is deployed once more.
    registry = registry_of(az, group)
    image = build_image(az, registry) if registry else ""
    told = create(az, *place, f"jobImage={image}")
    if not image:
        image = build_image(az, told["registryServer"])
        told = create(az, *place, f"jobImage={image}")
    now = last_choices(az, group) if had else None
    if now and now.addresses is not None:
        delete_taken_back(az, group, told["sqlServer"], len(now.addresses))
    run(az, "infra.azure.grant_sql", *sql_arguments(told))
    if told["databricksUrl"]:
        workspace = (told["databricksUrl"], told["databricksId"])
        run(az, "infra.azure.upload_wheel", *workspace, told["databricksWheel"])
    run(az, "infra.stage", "azure")
    az.do(
        *("functionapp", "deployment", "source", "config-zip", "--resource-group", group),
        *("--name", told["functionsName"], "--src", str(PACKAGE), "--build-remote", "false"),
    )
    sys.stdout.write(NEXT.format(**told))


def look_ahead(az: Az, group: str, place: tuple[str, ...], *, is_there: bool) -> None:
    """Have Azure say what a deployment would change. Raises SystemExit where it cannot look."""
    if not (is_there or az.dry_run):
        raise SystemExit(
            f"there is no {group} yet, and Azure looks ahead in a group alone: a deployment would "
            "make the group and all of infra/bicep/main.bicep. OPTIONS=--dry-run shows the commands"
        )
    # The image is named by what it is made of: this lays it out on this machine.
    run(az, "infra.azure.job_image")
    registry = registry_of(az, group)
    image = image_to_be(az, registry) if registry else ""
    az.do("deployment", "group", "what-if", *place, f"jobImage={image}")


def registry_of(az: Az, group: str) -> str:
    """The address of a stage's registry; empty when it has none yet."""
    known = ("acr", "list", "--resource-group", group, "--query", "[].loginServer")
    registries: list[str] = az.ask(*known, otherwise=[])
    return registries[0] if registries else ""


def create(az: Az, *words: str) -> dict[str, str]:
    """Deploy the template; its outputs."""
    outputs = az.ask(
        *("deployment", "group", "create", "--name", DEPLOYMENT, *words),
        *("--query", "properties.outputs"),
        otherwise=Unknown(),
    )
    return {name: outputs[name]["value"] for name in OUTPUTS}


#: Outputs of main.bicep that the steps after it need.
OUTPUTS = (
    "registryServer", "databricksUrl", "databricksId", "databricksWheel",
    "url", "functionsName", "storageName", "sqlServer", "sqlDatabase", "functionsIdentityName",
    "functionsClientId", "jobIdentityName", "jobIdentityClientId",
)  # fmt: skip


class Unknown(dict[str, Any]):
    """The outputs of a deployment that was not made: each is its name in angle brackets."""

    def __missing__(self, name: str) -> dict[str, str]:
        return {"value": f"<{name}>"}


def choose(
    group: str, given: Choices, had: Choices | None, fixed: frozenset[str] = frozenset()
) -> Choices:
    """What is deployed: said where it is kept or changed. Raises SystemExit for another region."""
    if had is None:
        return given
    if given.location and given.location != had.location:
        raise SystemExit(
            f"--location {given.location}: {group} is in {had.location}, and no stage moves. "
            "Leave the option out, or take another STAGE"
        )
    lines = describe(given, had, fixed)
    sys.stdout.write("".join(f"{line}\n" for line in (f"{group} is there:", *lines)))
    return given.over(had)


def signed_in(az: Az) -> Administrator:
    """Who administers a new stage, unless somebody else is named."""
    unknown = {"id": "<id>", "userPrincipalName": "<name>"}
    person = az.ask("ad", "signed-in-user", "show", otherwise=unknown)
    return Administrator(person["id"], person["userPrincipalName"])


def sql_arguments(told: dict[str, str]) -> list[str]:
    """What grant_sql wants: server, database, then NAME=CLIENT_ID of each identity."""
    return [
        told["sqlServer"],
        told["sqlDatabase"],
        f"{told['functionsIdentityName']}={told['functionsClientId']}",
        f"{told['jobIdentityName']}={told['jobIdentityClientId']}",
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
    options = read(arguments, os.environ)
    deploy(options.stage, options.given, Az(options.dry_run), what_if=options.what_if)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
