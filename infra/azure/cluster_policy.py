"""The policy of clusters: `python -m infra.azure.cluster_policy URL ID TENANT APPLICATION`.

A cluster of Databricks has no managed identity. The policy gives those that jobs start the
variables of a service principal, whose secret lies in a scope of the workspace. URL, ID: of the
workspace and its resource. TENANT and APPLICATION: the principal's ids. With `--new-secret` its
secret is read from standard input.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from infra.azure.refusals import explained, workspace_url

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

#: Of the policy and of the scope; there is one installation in a workspace.
NAME = "scienceops"
SECRET_KEY = "spark-client-secret"  # noqa: S105  # The name of the secret, which lies elsewhere.


def define(tenant: str, application: str) -> dict[str, dict[str, str]]:
    """The rules of the policy: variables that nobody who starts a cluster may change.

    >>> define("t", "a")["spark_env_vars.AZURE_CLIENT_SECRET"]["value"]
    '{{secrets/scienceops/spark-client-secret}}'
    """
    variables = {
        "AZURE_TENANT_ID": tenant,
        "AZURE_CLIENT_ID": application,
        "AZURE_CLIENT_SECRET": f"{{{{secrets/{NAME}/{SECRET_KEY}}}}}",
    }
    return {
        f"spark_env_vars.{name}": {"type": "fixed", "value": value}
        for name, value in variables.items()
    }


def put_policy(client: "WorkspaceClient", tenant: str, application: str) -> str:
    """Make the policy, or bring our rules in the one of this name up to date; its id.

    What somebody has added to it stays.
    """
    rules = define(tenant, application)
    for found in client.cluster_policies.list():
        if found.name == NAME and found.policy_id:
            client.cluster_policies.edit(
                found.policy_id,
                name=NAME,
                definition=json.dumps({**json.loads(found.definition or "{}"), **rules}),
                description=found.description,
                libraries=found.libraries,
                max_clusters_per_user=found.max_clusters_per_user,
            )
            return found.policy_id
    made = client.cluster_policies.create(name=NAME, definition=json.dumps(rules))
    return str(made.policy_id)


def keep_secret(client: "WorkspaceClient", secret: str) -> None:
    """Put the principal's secret into its scope, in place of an older one."""
    if NAME not in [scope.name for scope in client.secrets.list_scopes()]:
        client.secrets.create_scope(NAME)
    client.secrets.put_secret(NAME, SECRET_KEY, string_value=secret)


def _has_secret(client: "WorkspaceClient") -> bool:
    if NAME not in [scope.name for scope in client.secrets.list_scopes()]:
        return False
    return SECRET_KEY in [secret.key for secret in client.secrets.list_secrets(NAME)]


def main(words: Sequence[str]) -> int:
    """Make both, as whoever is signed in with the Azure CLI, and print the policy's id."""
    from scienceops.adapters.azure.management import open_workspace
    from scienceops.azure_settings import AzureSettings

    parser = argparse.ArgumentParser(prog="python -m infra.azure.cluster_policy")
    parser.add_argument("url", type=workspace_url, help="of the Databricks workspace")
    parser.add_argument("id", help="its resource id, the output databricksId of the deployment")
    parser.add_argument("tenant", type=_id, help="id of the principal's tenant")
    parser.add_argument("application", type=_id, help="the principal's application id")
    parser.add_argument(
        "--new-secret", action="store_true", help="read the principal's secret from standard input"
    )
    told = parser.parse_args(words)
    secret = sys.stdin.read().strip() if told.new_secret else ""
    if told.new_secret and not secret:
        raise SystemExit("no secret came on standard input: wanted that of the service principal")
    with explained(told.url):
        settings = AzureSettings(databricks_host=told.url, databricks_id=told.id)
        client = open_workspace(settings)
        if told.new_secret:
            keep_secret(client, secret)
        elif not _has_secret(client):
            raise SystemExit(
                f"{told.url} has no secret {SECRET_KEY!r} in a scope {NAME!r}: "
                "give it with --new-secret, as docs/azure.md says"
            )
        policy = put_policy(client, told.tenant, told.application)
    sys.stdout.write(f"{policy}\n")
    return 0


def _id(text: str) -> str:
    """The id as Entra ID writes it."""
    try:
        return str(UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no id: wanted one like 00000000-0000-0000-0000-0000000000ff"
        ) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
