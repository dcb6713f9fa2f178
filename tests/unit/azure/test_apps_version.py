"""Container Apps is spoken to in the version of the template, whatever the SDK's own is."""

import re
from pathlib import Path

from scienceops.adapters.azure.management import APPS_VERSION, open_apps
from scienceops.azure_settings import AzureSettings

TEMPLATE = Path(__file__).parents[3] / "infra" / "bicep" / "modules" / "containers.bicep"


def test_apps_and_jobs_are_made_in_the_version_that_made_their_environment() -> None:
    here = "http://127.0.0.1:1"
    client = open_apps(AzureSettings(subscription="s", resource_group="g", management=here))
    assert client._config.api_version == APPS_VERSION
    [made] = re.findall(r"Microsoft\.App/managedEnvironments@([\d-]+)", TEMPLATE.read_text())
    assert made == APPS_VERSION
