"""Spans of a scored call: one trace from the gateway to the scorer, where a collector is named."""

import os
import subprocess
import sys
import uuid

import pytest
from collector import Collector
from contract.waiting import PATIENCE
from models import iris_rows, pack_iris
from platform_process import ROOT, running_platform, wait_for
from scorer_process import Scorer

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CLIENT, SERVER = 3, 2
NAMED = ("OTEL_", "APPLICATIONINSIGHTS_")


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return pack_iris(tmp_path_factory.mktemp("package"))


def test_one_trace_leads_from_the_gateways_span_to_the_scorers(tmp_path, collector, package):
    with running_platform(tmp_path / "home", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as platform:
        assert platform.json("push", str(package), "--wait")["state"] == "live"
        key = platform.json("keys", "iris", "create")["key"]
        header = f"00-{TRACE}-{CALLER}-01"
        _, _, answer = platform.score("iris", iris_rows()[:1], key, traceparent=header)
        mine = wait_for(
            lambda: (
                len(found := [s for s in collector.spans if s["trace"] == TRACE]) == 2 and found
            ),
            30,
            "both spans",
        )
    told = {span["role"]: span for span in mine}
    gateway, scorer = told["scienceops-gateway"], told["scienceops-scorer"]
    assert (gateway["parent"], scorer["parent"]) == (CALLER, gateway["id"])
    assert (gateway["kind"], scorer["kind"]) == (CLIENT, SERVER)
    assert gateway["seconds"] >= scorer["seconds"] > 0
    for span in mine:
        assert span["name"] == "score iris"
        assert span["http.response.status_code"] == 200
        assert span["scienceops.request_id"] == answer["request_id"]


def test_spans_that_wait_are_sent_when_a_scorer_is_stopped(tmp_path, collector, package):
    # An hour between batches: what comes before it, comes with the end.
    settings = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.url}/v1/traces"}
    scorer = Scorer(tmp_path, package, **settings, OTEL_BSP_SCHEDULE_DELAY="3600000").start()
    for flags in ("01", "00"):
        assert scorer.score(iris_rows()[:1], traceparent=f"00-{TRACE}-{CALLER}-{flags}")[0] == 200
    assert scorer.score(b"{}", traceparent=f"00-{TRACE}-{CALLER}-01")[0] == 400
    assert collector.spans == []
    assert scorer.stop() == 0
    assert [span["http.response.status_code"] for span in collector.spans] == [200, 400]


def test_application_insights_is_told_by_azures_exporter(tmp_path, collector, package):
    place = f"InstrumentationKey={uuid.uuid4()};IngestionEndpoint={collector.url}/"
    scorer = Scorer(
        tmp_path,
        package,
        APPLICATIONINSIGHTS_CONNECTION_STRING=place,
        APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL="true",
    ).start()
    assert scorer.score(iris_rows()[:1], traceparent=f"00-{TRACE}-{CALLER}-01")[0] == 200
    assert scorer.stop() == 0
    (item,) = collector.items
    assert item["data"]["baseType"] == "RequestData"
    assert item["tags"]["ai.operation.id"] == TRACE
    assert item["tags"]["ai.operation.parentId"] == CALLER
    assert item["tags"]["ai.cloud.role"] == "scienceops-scorer"
    assert (item["data"]["baseData"]["responseCode"], item["data"]["baseData"]["success"]) == (
        "200",
        True,
    )


def test_a_collector_that_is_away_costs_no_call(tmp_path, package):
    nowhere = Collector()
    nowhere.close()
    scorer = Scorer(tmp_path, package, OTEL_EXPORTER_OTLP_ENDPOINT=nowhere.url).start()
    assert scorer.score(iris_rows()[:1], traceparent=f"00-{TRACE}-{CALLER}-01")[0] == 200
    assert scorer.stop() == 0


WITHOUT = """
import sys
from pathlib import Path
from face import Face
from scienceops.spans import open_spans
from scienceops.web.traces import Traces
import scienceops.web, scorer_container.serve

face = Face(Path(sys.argv[1]), Path(sys.argv[2]), fast=True)
header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
traces = Traces()
traces.tell(traces.of(header), 0.1, status=200)
face.ask("POST", "/score", b"{}", traceparent=header)
assert (open_spans("any") is None) == (sys.argv[3] == "without")
print(sorted(name for name in sys.modules if name.startswith(("opentelemetry", "azure"))))
"""


@pytest.mark.parametrize(
    ("case", "settings", "imported"),
    [
        ("without", {}, False),
        ("without", {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        (
            "without",
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"},
            False,
        ),
        ("with", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, True),
    ],
)
def test_nothing_of_opentelemetry_is_imported_unless_a_place_is_named(
    tmp_path, package, case, settings, imported
):
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(NAMED)}
    path = os.pathsep.join(str(ROOT / name) for name in ("shared", "", "tests"))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(tmp_path), str(package), case],
        env={**inherited, "PYTHONPATH": path, **settings},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=50 * PATIENCE,
    )
    assert (done.stdout.strip() != "[]") is imported
