"""Registry login: a token of Entra ID is exchanged for one of Azure Container Registry.

Source: Microsoft, "Authenticate with an Azure container registry", and the registry's own
AAD-OAuth.md: a refresh token is the password of the user named by zeros.
"""

from typing import TYPE_CHECKING

import requests

from scienceops.adapters.oci.registry import OciRegistry
from scienceops.errors import RegistryRefused, RegistryUnavailable

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

NOBODY = "00000000-0000-0000-0000-000000000000"
SCOPE = "https://containerregistry.azure.net/.default"

_TIMEOUT_SECONDS = 30


def open_registry(repository: str, credential: "TokenCredential", root: str = "") -> OciRegistry:
    """The repository with credentials that are good for some hours.

    root: address of the registry, for a stand-in. Raises RegistryUnavailable, RegistryRefused.
    """
    host = repository.partition("/")[0]
    form = {
        "grant_type": "access_token",
        "service": host,
        "access_token": credential.get_token(SCOPE).token,
    }
    try:
        reply = requests.post(
            f"{root or f'https://{host}'}/oauth2/exchange", data=form, timeout=_TIMEOUT_SECONDS
        )
    except requests.RequestException as error:
        raise RegistryUnavailable(
            f"the image registry {host} does not answer: {type(error).__name__}"
        ) from error
    if reply.status_code >= 500 or reply.status_code == 429:
        raise RegistryUnavailable(f"the image registry {host} answered {reply.status_code}")
    if not reply.ok:
        raise RegistryRefused(
            f"the image registry {host} does not know this identity (HTTP {reply.status_code}): "
            "give it the role AcrPush on the registry"
        )
    return OciRegistry(repository, (NOBODY, reply.json()["refresh_token"]))
