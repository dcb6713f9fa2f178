"""Spans: where they go is said by standard variables; what cannot be sent there costs no start."""

import logging
import sys

import pytest

from scienceops.adapters.azure.container_app import describe_app
from scienceops.config import load_settings, spans_place
from scienceops.ports.service_runtime import DeployOrder
from scienceops.spans import attributes_of, open_spans

OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT"
INSIGHTS = "APPLICATIONINSIGHTS_CONNECTION_STRING"
PLACE = "InstrumentationKey=11111111-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("given", "kind", "variable"),
    [
        ({}, "", ""),
        ({OTLP: "http://here:4318"}, "otlp", OTLP),
        ({INSIGHTS: PLACE}, "insights", INSIGHTS),
        ({INSIGHTS: PLACE, OTLP: "http://here:4318"}, "otlp", OTLP),
        ({INSIGHTS: PLACE, "OTEL_SDK_DISABLED": "TRUE"}, "", ""),
    ],
)
def test_a_collector_is_taken_before_application_insights(given, kind, variable):
    assert (spans_place(given).kind, spans_place(given).variable) == (kind, variable)


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, ""),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, ""),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"),
        (
            {
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            },
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json",
        ),
    ],
)
def test_a_protocol_that_is_not_spoken_is_named(given, refused):
    said = spans_place({OTLP: "http://here:4317", **given}).refused
    assert said.startswith(refused) if refused else said == ""


def test_what_is_refused_is_told_and_no_span_sent(monkeypatch, caplog):
    monkeypatch.setenv(OTLP, "http://here:4317")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    assert open_spans("any") is None
    assert "grpc" in caplog.records[0].reason


def test_an_image_without_the_packages_says_so_and_goes_on(monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    monkeypatch.setenv(OTLP, "http://here:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    assert open_spans("any") is None
    assert OTLP in caplog.records[0].reason


def test_a_field_without_a_name_of_opentelemetrys_has_ours():
    assert attributes_of({"status": 503, "version": 2, "request_id": None}) == {
        "http.request.method": "POST",
        "http.response.status_code": 503,
        "scienceops.version": 2,
    }


ORDER = DeployOrder(
    service="iris",
    version=1,
    image="registry.azurecr.io/scienceops@sha256:" + "0" * 64,
    package_key="versions/iris/1/package.zip",
    package_digest="d" * 64,
    gateway_key_sha256="k" * 64,
    settings={},
)


def test_a_scorer_on_azure_writes_to_application_insights_by_its_identity():
    given = {
        "SCIENCEOPS_CLOUD": "azure",
        "SCIENCEOPS_AZURE_CONTAINER_IDENTITY_CLIENT": "client",
    }
    told = _variables({**given, "SCIENCEOPS_AZURE_INSIGHTS": PLACE})
    assert told[INSIGHTS] == PLACE
    assert told["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == "ClientId=client;Authorization=AAD"
    # A scorer of an older image refuses a setting of ours that it does not know.
    assert {name for name in told if name not in _variables(given)} == {
        INSIGHTS,
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    }


def _variables(given):
    app = describe_app(ORDER, load_settings(given), "v1-1")
    return {v.name: v.value for v in app.properties.template.containers[0].env}
