"""The loop on Azure: an upload becomes a service, is watched, learns, through the real doors.

The runtime of Functions is the real one; its host, and what stands for Azure, are stand-ins that
execute what they are sent: see tests/emulators/azure_installation.py.
"""

import pytest
from emulators.azure_installation import AzureInstallation, running_installation
from models import iris_rows, pack_trainable_iris


@pytest.fixture(scope="module")
def installation(azurite: str, tmp_path_factory: pytest.TempPathFactory):
    with running_installation(tmp_path_factory.mktemp("azure"), azurite) as installation:
        yield installation


@pytest.fixture(scope="module")
def iris(installation: AzureInstallation, tmp_path_factory: pytest.TempPathFactory) -> str:
    package = pack_trainable_iris(tmp_path_factory.mktemp("package"))
    installation.objects.put("packages/iris/model.zip", package)

    def live():
        status, _, body = installation.request("GET", "/api/v1/services/iris")
        return body["live"] if status == 200 else (status, body)

    installation.wait_for(live, lambda seen: seen == 1)
    return "iris"


def test_an_uploaded_blob_becomes_a_live_service_and_its_rows_statistics(installation, iris):
    rows = iris_rows()[:40]
    status, headers, answer = installation.request(
        "POST", "/api/v1/service/iris/score", {"input_df": rows}
    )
    assert status == 200, answer
    assert headers["X-ScienceOps-Version"] == "1"
    assert answer["predictions"] == ["setosa"] * 40
    found = installation.wait_for(lambda: installation.json("/services/iris/statistics"))
    assert {row["model_id"] for row in found} == {"iris:1"}
