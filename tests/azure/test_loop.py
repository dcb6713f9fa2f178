"""The loop on Azure: an upload becomes a service, is watched, learns, through the real doors.

The runtime of Functions is the real one; its host, and what stands for Azure, are stand-ins that
execute what they are sent: see tests/emulators/azure_installation.py.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from emulators.azure_installation import AzureInstallation, running_installation
from models import iris_rows, iris_table, pack_trainable_iris


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


@cache
def yesterday() -> str:
    """Of the first look, whatever midnight comes."""
    return (datetime.now(UTC) - timedelta(days=1)).date().isoformat()


@pytest.fixture(scope="module")
def labelled_day(installation: AzureInstallation, iris: str) -> dict[str, Any]:
    """Every flower scored and labelled, as of yesterday; the answer."""
    status, headers, answer = installation.request(
        "POST",
        f"/api/v1/service/{iris}/score",
        {"input_df": iris_rows()},
        X_ScienceOps_Captured_At=f"{yesterday()}T12:00:00Z",
    )
    assert (status, headers["X-ScienceOps-Version"]) == (200, "1"), answer
    labels = [
        {"request_id": answer["request_id"], "row": row, "label": str(species)}
        for row, species in enumerate(iris_table()["species"])
    ]
    path = f"/api/v1/service/{iris}/labels"
    status, _, told = installation.request("POST", path, {"labels": labels})
    assert (status, told["accepted"]) == (200, len(labels)), told
    # A container ships its rows after it has answered.
    installation.wait_for(lambda: list(installation.objects.scan(f"captures/{iris}/")))
    return answer


def test_an_uploaded_blob_becomes_a_service_that_answers_by_its_container(
    installation, iris, labelled_day
):
    species = [str(name) for name in iris_table()["species"]]
    right = [a == b for a, b in zip(labelled_day["predictions"], species, strict=True)]
    assert sum(right) > 140
    version = installation.json("/services/iris/versions/1")
    assert version["image"].startswith(f"{installation.settings.images}@sha256:")
    assert version["deployment"]["observed"] == "ready"


def test_captured_rows_become_statistics_and_quality_in_sql_by_the_clock(
    installation, iris, labelled_day
):
    def rows():
        found = installation.json("/services/iris/statistics")["rows"]
        return {(row["feature_name"], row["statistic"]): row for row in found}

    # The labels come after the rows, and their day is computed again.
    seen = installation.wait_for(rows, lambda rows: ("(quality)", "accuracy") in rows)
    sepal = seen["sepal length (cm)", "mean"]
    assert (sepal["n"], round(sepal["value"], 2)) == (150, 5.84)
    assert sepal["model_id"] == "iris:1"
    assert sepal["prediction_date"] == yesterday()
    # The rows are seen before the run is told as ended.
    installation.wait_for(
        lambda: {run["state"] for run in installation.json("/runs")["runs"]},
        lambda states: "succeeded" in states,
    )


@pytest.mark.parametrize("page", ["", "/data", "/models"])
def test_the_pages_show_it(installation, iris, labelled_day, page):
    status, headers, text = installation.request("GET", f"/services/iris{page}")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "iris" in text


def test_a_session_begins_with_a_cookie_through_the_door(installation):
    status, headers, _ = installation.request("GET", "/login")
    assert status == 200
    assert headers["Set-Cookie"].startswith("session=")


def test_a_retraining_makes_a_candidate_in_its_image_that_a_person_puts_live(
    installation, iris, labelled_day
):
    asked = {"selection": {"since": yesterday(), "until": yesterday()}, "why": "to see it learn"}
    status, _, body = installation.request("POST", "/api/v1/services/iris/retrainings", asked)
    assert status == 200, body
    ended = installation.wait_for(
        lambda: installation.json(f"/services/iris/retrainings/{body['number']}"),
        lambda seen: seen["state"] in ("compared", "failed"),
        seconds=300,
    )
    assert ended["state"] == "compared", ended
    assert ended["report"]["labelled"] == 150
    path = f"/api/v1/services/iris/versions/{ended['version']}/approve"
    status, _, told = installation.request("POST", path, {"comment": "it learned"})
    assert status == 200, told
    installation.wait_for(lambda: installation.json("/services/iris")["live"] == ended["version"])
    _, headers, _ = installation.request(
        "POST", "/api/v1/service/iris/score", {"input_df": iris_rows()[:1]}
    )
    assert headers["X-ScienceOps-Version"] == str(ended["version"])
