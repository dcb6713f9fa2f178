"""SDK errors: what a person in a shell is told of one that only Azure's SDKs know, and refusals."""

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
)

from scienceops.config import Settings

_FORBIDDEN = 403
_REFUSALS = (400, _FORBIDDEN, 404)


class StartRefused(Exception):
    """The platform would not begin what it was asked for; trying again gives the same answer."""


@contextmanager
def refusals() -> Iterator[None]:
    """Raises StartRefused in place of an answer of Azure that does not go away by itself."""
    try:
        yield
    except HttpResponseError as error:
        if error.status_code in _REFUSALS:
            raise StartRefused(error.message.strip()) from error
        raise


def explain_error(error: Exception, settings: Settings) -> str:
    """The error in words with the next step; empty when it is none of the SDKs'.

    Adapters translate what their ports promise; the rest rises to here.
    """
    if not isinstance(error, AzureError):
        return ""
    # Credentials write a line for each way that they tried, and services one for each header.
    reason = (error.message.strip().splitlines() or [type(error).__name__])[0]
    return f"{reason}: {_step_of(error, settings)}"


def _step_of(error: AzureError, settings: Settings) -> str:
    account = settings.azure.storage_account
    stage = f"SCIENCEOPS_AZURE_STORAGE_ACCOUNT={account}"
    if isinstance(error, ClientAuthenticationError):
        return "sign in by `az login`, until `az account show` names the stage's subscription"
    if isinstance(error, ResourceNotFoundError):
        return f"is there such a stage? {stage} and SCIENCEOPS_AZURE_RESOURCE_GROUP say which"
    if isinstance(error, ServiceRequestError):
        return f"is {stage} the stage's, and is there a network from which it is reached?"
    if isinstance(error, HttpResponseError) and error.status_code == _FORBIDDEN:
        return (
            "who is signed in has no role for that here, or the stage is closed to this network; "
            "sign in as its administrator, or ask from an address that it lets in"
        )
    return "try again later, and look into Azure's own pages of its health when it stays so"
