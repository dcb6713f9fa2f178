"""Management: the clients of Resource Manager, who we are to it, and how long we try."""

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from azure.core.pipeline.policies import SansIOHTTPPolicy

from scienceops.adapters.azure.clients import open_credential

if TYPE_CHECKING:
    from azure.mgmt.appcontainers import ContainerAppsAPIClient
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient
    from databricks.sdk import WorkspaceClient

    from scienceops.azure_settings import AzureSettings

#: Of Container Apps, as infra/bicep has it. The SDK's own may be ahead of the regions: that of
#: 5.1.0, 2026-07-01, is refused for jobs in westeurope (Azure/azure-sdk-for-python, issue 49044).
APPS_VERSION = "2025-01-01"
#: Azure Databricks, as Entra ID knows it in every tenant.
DATABRICKS_SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
#: What Databricks asks Azure with whether a principal has a role on the workspace.
MANAGEMENT_SCOPE = "https://management.core.windows.net//.default"
#: Retries of a call, over about ten seconds; whoever called comes again later anyway.
TRIES: dict[str, Any] = {"retry_total": 4, "retry_backoff_factor": 0.5}
#: The SDK of Databricks would go on for five minutes.
PATIENCE_SECONDS = 30
#: Where only a stand-in is: tokens are for nobody but Azure, and never sent in the clear.
_HERE = "http://127.0.0.1:"


def open_apps(settings: "AzureSettings", **options: Any) -> "ContainerAppsAPIClient":
    """Container apps and their jobs. `options` go to the SDK."""
    from azure.mgmt.appcontainers import ContainerAppsAPIClient

    known = {"api_version": APPS_VERSION, **TRIES, **options}
    return ContainerAppsAPIClient(**_manager(settings), **known)


def open_registry_tasks(
    settings: "AzureSettings", **options: Any
) -> "ContainerRegistryTasksMgmtClient":
    """Builds in the container registry. `options` go to the SDK."""
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient

    return ContainerRegistryTasksMgmtClient(**_manager(settings), **{**TRIES, **options})


def open_workspace(settings: "AzureSettings") -> "WorkspaceClient":
    """The Databricks workspace, which knows us by the same identity."""
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.core import Config, CredentialsStrategy

    class SignIn(CredentialsStrategy):
        def auth_type(self) -> str:
            return "scienceops"

        def __call__(self, _: Config) -> Callable[[], dict[str, str]]:
            return lambda: databricks_headers(settings)

    known = Config(
        host=settings.databricks_host,
        credentials_strategy=SignIn(),
        retry_timeout_seconds=PATIENCE_SECONDS,
    )
    return WorkspaceClient(config=known)


def databricks_headers(settings: "AzureSettings") -> dict[str, str]:
    """By what a call says who it is.

    Whoever is nobody in the workspace yet is made its administrator at the first call, by a role on
    the resource; so each call names the resource, and a principal shows that it may read it.
    Source: Microsoft, "Microsoft Entra service principal authentication" of Azure Databricks.
    """
    if settings.databricks_host.startswith(_HERE):
        return {}
    credential = open_credential(settings.identity)
    token = credential.get_token(DATABRICKS_SCOPE).token
    headers = {"Authorization": f"Bearer {token}"}
    if settings.databricks_id:
        headers["X-Databricks-Azure-Workspace-Resource-Id"] = settings.databricks_id
        if not is_of_a_person(token):
            managing = credential.get_token(MANAGEMENT_SCOPE).token
            headers["X-Databricks-Azure-SP-Management-Token"] = managing
    return headers


def is_of_a_person(token: str) -> bool:
    """Whether a token of Entra ID is of somebody who has a name to sign in by."""
    try:
        told = token.split(".")[1]
        return "upn" in json.loads(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))
    except (IndexError, ValueError):
        return False


def is_stand_in(settings: "AzureSettings") -> bool:
    """Whether a stand-in on this machine manages the resources; there is no identity then."""
    return settings.management.startswith(_HERE)


def _manager(settings: "AzureSettings") -> dict[str, Any]:
    place: dict[str, Any] = {
        "credential": open_credential(settings.identity),
        "subscription_id": settings.subscription,
        "base_url": settings.management,
        "credential_scopes": [f"{settings.management}/.default"],
    }
    if is_stand_in(settings):
        place["authentication_policy"] = SansIOHTTPPolicy()
    return place
