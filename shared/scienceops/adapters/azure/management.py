"""Management: the clients of Resource Manager, who we are to it, and how long we try."""

from typing import TYPE_CHECKING, Any

from azure.core.pipeline.policies import SansIOHTTPPolicy

from scienceops.adapters.azure.clients import open_credential

if TYPE_CHECKING:
    from azure.mgmt.appcontainers import ContainerAppsAPIClient
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient

    from scienceops.azure_settings import AzureSettings

#: Retries of a call, over about ten seconds; whoever called comes again later anyway.
TRIES = {"retry_total": 4, "retry_backoff_factor": 0.5}


def open_apps(settings: "AzureSettings", **options: Any) -> "ContainerAppsAPIClient":
    """Container apps and their jobs. `options` go to the SDK."""
    from azure.mgmt.appcontainers import ContainerAppsAPIClient

    return ContainerAppsAPIClient(**_manager(settings), **{**TRIES, **options})


def open_registry_tasks(
    settings: "AzureSettings", **options: Any
) -> "ContainerRegistryTasksMgmtClient":
    """Builds in the container registry. `options` go to the SDK."""
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient

    return ContainerRegistryTasksMgmtClient(**_manager(settings), **{**TRIES, **options})


def is_stand_in(settings: "AzureSettings") -> bool:
    """Whether a stand-in on this machine manages the resources; there is no identity then."""
    return settings.management.startswith("http://127.0.0.1:")


def _manager(settings: "AzureSettings") -> dict[str, Any]:
    place: dict[str, Any] = {
        "credential": open_credential(settings.identity),
        "subscription_id": settings.subscription,
        "base_url": settings.management,
        "credential_scopes": [f"{settings.management}/.default"],
    }
    if is_stand_in(settings):
        # Tokens are for nobody but Azure, and never sent in the clear.
        place["authentication_policy"] = SansIOHTTPPolicy()
    return place
