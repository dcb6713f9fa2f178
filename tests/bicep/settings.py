"""App settings that Bicep sets, against those that config.py knows."""

from collections.abc import Mapping, Sequence
from typing import Any

from bicep.files import BicepFile

PREFIX = "SCIENCEOPS_"
#: Settings of Azure's own that the functions are given.
PLATFORM = frozenset(
    {
        "AzureWebJobsDisableHomepage",
        "AzureWebJobsStorage__accountName",
        "AzureWebJobsStorage__credential",
        "AzureWebJobsStorage__clientId",
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
        "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",
        "PYTHON_APPLICATIONINSIGHTS_LOGGER_NAME",
        "PYTHON_THREADPOOL_THREAD_COUNT",
    }
)


def app_settings(file: BicepFile) -> dict[str, Any]:
    """What a file sets as app settings of a function app; raises LookupError without any."""
    for resource in file.of("resource").values():
        if resource.target.startswith("Microsoft.Web/sites/config@"):
            found: dict[str, Any] = resource.body["properties"]
            return found
    raise LookupError(f"{file.path} sets no app settings")


def setting_faults(
    given: Mapping[str, Any], known: Sequence[str], needed: Sequence[str]
) -> list[str]:
    """Settings that nobody reads, and those of `needed` that nobody sets."""
    named = {PREFIX + name.upper() for name in known}
    faults = [
        f"{name} is no setting of ours, nor one of Azure's that is known"
        for name in given
        if name not in named | PLATFORM
    ]
    faults += [
        f"{PREFIX}{name.upper()} is not set"
        for name in needed
        if f"{PREFIX}{name.upper()}" not in given
    ]
    return faults
