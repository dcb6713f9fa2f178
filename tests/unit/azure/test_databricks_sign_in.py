"""Whoever has a role on the workspace's resource is let in, though nobody has named them there."""

import base64
import json
from types import SimpleNamespace

import pytest

from scienceops.adapters.azure import management
from scienceops.adapters.azure.management import databricks_headers
from scienceops.azure_settings import AzureSettings

HOST = "https://adb-1.1.azuredatabricks.net"
PLACE = "/subscriptions/1/resourceGroups/g/providers/Microsoft.Databricks/workspaces/w"
RESOURCE = "X-Databricks-Azure-Workspace-Resource-Id"
ROLE = "X-Databricks-Azure-SP-Management-Token"


def token_of(**claims: str) -> str:
    told = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"header.{told}.signature"


@pytest.fixture
def headers(monkeypatch: pytest.MonkeyPatch):
    """What a call carries whose credential gives this token for Databricks."""

    def make(token: str, place: str = PLACE) -> dict[str, str]:
        given = {management.DATABRICKS_SCOPE: token, management.MANAGEMENT_SCOPE: "managing"}
        monkeypatch.setattr(
            management,
            "open_credential",
            lambda _: SimpleNamespace(get_token=lambda scope: SimpleNamespace(token=given[scope])),
        )
        settings = AzureSettings(databricks_host=HOST, databricks_id=place)
        return databricks_headers(settings)

    return make


def test_an_identity_names_the_resource_and_shows_that_it_may_read_it(headers):
    token = token_of(appid="functions")
    assert headers(token) == {"Authorization": f"Bearer {token}", RESOURCE: PLACE, ROLE: "managing"}


def test_a_person_names_the_resource_and_needs_no_second_token(headers):
    token = token_of(upn="expert@example.org")
    assert headers(token) == {"Authorization": f"Bearer {token}", RESOURCE: PLACE}


@pytest.mark.parametrize("token", ["", "x.y", "x.bm8.z"])
def test_a_token_that_tells_nothing_is_of_no_person(headers, token):
    assert ROLE in headers(token)


def test_where_no_resource_is_named_only_the_token_goes(headers):
    assert headers("x", "") == {"Authorization": "Bearer x"}
