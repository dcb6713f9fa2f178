"""Clients of an Azure subscription: who we are, where things are, how long we try.

Azurite, the emulator, knows one account, whose name and key are printed in its documentation.
They open nothing else, and no other key can be given.
"""

import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scienceops.errors import BadSetting

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.data.tables import TableClient
    from azure.keyvault.secrets import SecretClient
    from azure.storage.blob import ContainerClient
    from azure.storage.queue import QueueServiceClient

    from scienceops.azure_settings import AzureSettings

REGISTRY_TABLE = "registry"
#: Of blobs and queues; the table's SDK speaks one of 2019 by itself. An SDK's own may be ahead of
#: accounts: of seven in westeurope two refused it (Azure/azure-sdk-for-go, issue 27543).
STORAGE_VERSION = "2023-11-03"

#: Five retries over about half a minute. The storage SDKs' own first wait is 15 s.
TRIES = {"retry_total": 5, "initial_backoff": 1, "increment_base": 2, "random_jitter_range": 1}
STORAGE = {"api_version": STORAGE_VERSION, **TRIES}
TABLE_TRIES = {"retry_total": 5, "retry_backoff_factor": 0.5}

_EMULATED_ACCOUNT = "devstoreaccount1"
_EMULATED_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
_SERVICES = ("blob", "queue", "table")


# The SDKs tell of every request, which nobody reads and a log service charges for.
logging.getLogger("azure.core").setLevel(logging.WARNING)


@lru_cache
def open_credential(identity: str) -> "TokenCredential":
    """The managed identity of this process; a person's own sign-in where none is named.

    One per process and identity, since it keeps the tokens that it was given.
    """
    from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

    if not identity:
        return DefaultAzureCredential()
    return ManagedIdentityCredential(client_id=None if identity == "system" else identity)


def open_container(settings: "AzureSettings", **options: Any) -> "ContainerClient":
    """The blob container that is the bucket. `options` go to the SDK."""
    from azure.storage.blob import BlobServiceClient

    service = BlobServiceClient(**_account(settings, "blob"), **{**STORAGE, **options})
    return service.get_container_client(settings.container)


def open_queues(settings: "AzureSettings", **options: Any) -> "QueueServiceClient":
    """The storage queues. `options` go to the SDK."""
    from azure.storage.queue import QueueServiceClient

    return QueueServiceClient(**_account(settings, "queue"), **{**STORAGE, **options})


def open_table(settings: "AzureSettings", **options: Any) -> "TableClient":
    """The table that is the registry. `options` go to the SDK."""
    from azure.core.credentials import AzureNamedKeyCredential
    from azure.data.tables import TableClient

    place = _account(settings, "table")
    if settings.emulator:
        place["credential"] = AzureNamedKeyCredential(_EMULATED_ACCOUNT, _EMULATED_KEY)
    return TableClient(
        endpoint=place["account_url"],
        table_name=REGISTRY_TABLE,
        credential=place["credential"],
        **{**TABLE_TRIES, **options},
    )


def open_secrets(settings: "AzureSettings", **options: Any) -> "SecretClient":
    """The vault. `options` go to the SDK."""
    from azure.keyvault.secrets import SecretClient

    vault = _named(settings.key_vault, "KEY_VAULT")
    return SecretClient(
        f"https://{vault}.vault.azure.net", open_credential(settings.identity), **options
    )


def _account(settings: "AzureSettings", service: str) -> dict[str, Any]:
    if settings.emulator:
        port = settings.emulator.split(",")[_SERVICES.index(service)]
        return {
            "account_url": f"http://127.0.0.1:{port}/{_EMULATED_ACCOUNT}",
            "credential": {"account_name": _EMULATED_ACCOUNT, "account_key": _EMULATED_KEY},
        }
    account = _named(settings.storage_account, "STORAGE_ACCOUNT")
    return {
        "account_url": f"https://{account}.{service}.core.windows.net",
        "credential": open_credential(settings.identity),
    }


def _named(value: str, setting: str) -> str:
    if not value:
        raise BadSetting(
            f"SCIENCEOPS_AZURE_{setting} is not set: `make deploy-azure` prints what it is"
        )
    return value
