"""Take a stage down: `python -m infra.azure.destroy STAGE [--with-data] [--dry-run]`.

Data is kept: it is said what, why, what it costs, and how to delete it for good.
"""

import argparse
import sys
from typing import Any

from infra.azure.az import Az, group_of
from infra.azure.stages import parameters_of

SITES = "Microsoft.Web/sites"
#: What goes first, for what comes later cannot go while it is there; the rest goes in between.
#: Databricks holds subnets by a policy that they keep: azure-quickstart-templates, issue 13319.
FIRST = ("Microsoft.App/containerApps", "Microsoft.App/jobs", SITES)
LAST = (
    "Microsoft.App/managedEnvironments",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks", "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/virtualNetworks", "Microsoft.Network/networkIntentPolicies",
    "Microsoft.Network/natGateways",
    "Microsoft.Network/publicIPAddresses", "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Insights/components", "Microsoft.OperationalInsights/workspaces",
)  # fmt: skip
#: Azure's own in each SQL server: it has no tags, and goes with the server alone.
MASTER = ("Microsoft.Sql/servers/databases", "master")
KEPT = """
Kept, for none of it can be made again:
  storage      packages, versions, captures, labels, training sets; who decided what, and when
  SQL          every day's statistics
  vault        the owner's token, and what proves where keys and request ids come from
  registry     what each version was served by, known by its digest
  identities   whom all of these know by name
At rest that is about 26 USD a month on dev, most of it the registry.
`make deploy-azure STAGE={stage}` puts the rest back around it. To delete it for good:
  make destroy-azure STAGE={stage} OPTIONS=--with-data
The vault then stays recoverable for 90 days, which is how long its name is taken.
"""


def destroy(stage: str, az: Az) -> None:
    """Delete what can be made again, apps first; raises SystemExit when a deletion fails."""
    parameters_of(stage)
    group = group_of(stage)
    found = az.ask("resource", "list", "--resource-group", group, otherwise=[])
    for resource in in_order(found):
        if resource["type"].lower() == SITES.lower():
            leave_network(az, group, resource["id"])
        if principal := (resource.get("identity") or {}).get("principalId"):
            forget(az, principal)
        az.do("resource", "delete", "--ids", resource["id"])
    sys.stdout.write(KEPT.format(stage=stage))


def leave_network(az: Az, group: str, site: str) -> None:
    """Take functions out of their network, if they are in one; raises SystemExit.

    Deleted in it, they leave a link in the subnet, and Azure deletes no network with one.
    Source: Microsoft, "Integrate your app with an Azure virtual network", of deleting the app
    before disconnecting it; Azure/Azure-Functions, issue 2605.
    """
    asked = ("resource", "show", "--ids", site, "--query", "properties.virtualNetworkSubnetId")
    if az.ask(*asked, otherwise=None):
        name = site.rpartition("/")[2]
        place = ("--resource-group", group, "--name", name)
        az.do("functionapp", "vnet-integration", "remove", *place)


def forget(az: Az, principal: str) -> None:
    """Take the roles of an identity that goes with its resource; raises SystemExit.

    Left on what stays, they are named as the next deployment names those of its successor, and
    Azure lets no assignment change whom it is for.
    """
    asked = ("role", "assignment", "list", "--all", "--assignee", principal)
    given: list[str] = az.ask(
        *asked, "--fill-principal-name", "false", "--query", "[].id", otherwise=[]
    )
    if given:
        az.do("role", "assignment", "delete", "--ids", *given)


def in_order(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is not data, in the order in which it can go."""
    going = [resource for resource in found if not _stays(resource)]
    return sorted(going, key=lambda resource: (_turn(resource["type"]), resource["id"]))


def destroy_all(stage: str, az: Az) -> None:
    """Delete the group, with everything in it."""
    parameters_of(stage)
    group = group_of(stage)
    kind = ("--resource-type", SITES, "--query", "[].id")
    sites: list[str] = az.ask("resource", "list", "--resource-group", group, *kind, otherwise=[])
    for site in sites or []:
        leave_network(az, group, site)
    az.do("group", "delete", "--name", group, "--yes")


def _stays(resource: dict[str, Any]) -> bool:
    kind, name = resource["type"], resource["id"].rpartition("/")[2]
    is_master = (kind.lower(), name.lower()) == (MASTER[0].lower(), MASTER[1])
    return is_master or (resource.get("tags") or {}).get("holds") == "data"


def _turn(kind: str) -> int:
    # Azure does not write every type as its templates do: microsoft.insights/components.
    first, last = ([known.lower() for known in kinds] for kinds in (FIRST, LAST))
    kind = kind.lower()
    if kind in first:
        return first.index(kind)
    return len(first) + 1 + last.index(kind) if kind in last else len(first)


def main(arguments: list[str]) -> int:
    """Read the command line and destroy."""
    # A word that is cut short must not delete data.
    parser = argparse.ArgumentParser(
        prog="make destroy-azure", description="Take a stage on Azure down.", allow_abbrev=False
    )
    parser.add_argument("stage")
    parser.add_argument("--with-data", action="store_true", help="delete the data, too")
    parser.add_argument("--dry-run", action="store_true", help="show the commands, run none")
    given = parser.parse_args(arguments)
    (destroy_all if given.with_data else destroy)(given.stage, Az(given.dry_run))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
