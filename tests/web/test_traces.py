"""Traces of calls: continued as the caller says, begun where nobody did, seldom recorded."""

import logging

import pytest

from scienceops.web.traces import Traces, follow_host

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_callers_trace_goes_on_with_a_span_of_ours():
    trace = Traces().of(GIVEN)
    assert trace.header.startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert trace.header != GIVEN
    assert trace.fields["parent_span_id"] == "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        GIVEN.upper(),
        GIVEN[:-1],
        GIVEN + "-more",
        GIVEN.replace("00-4", "ff-4"),
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        "x" * 100_000,
    ],
)
def test_what_is_no_trace_is_not_gone_on_with(header):
    trace = Traces().of(header)
    assert trace.trace_id != "4bf92f3577b34da6a3ce929d0e0e4736"
    assert "parent_span_id" not in trace.fields


def test_a_later_version_may_say_more():
    trace = Traces().of(GIVEN.replace("00-4", "01-4") + "-more")
    assert trace.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_of_the_traces_that_begin_here_the_first_of_a_second_is_recorded():
    traces = Traces()
    assert [traces.of("").sampled for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize(("flags", "lines"), [("01", 1), ("00", 0), ("03", 1), ("02", 0)])
def test_whoever_began_a_trace_decides_whether_lines_are_written(caplog, flags, lines):
    caplog.set_level(logging.INFO)
    traces = Traces()
    traces.tell(traces.of(GIVEN[:-2] + flags), 0.001, status=200)
    assert len(caplog.records) == lines


class HostContext:
    """What Azure Functions tells beside a request."""

    trace_parent = GIVEN


@pytest.mark.parametrize(
    ("beside", "header"), [({"azure_functions.trace_context": HostContext()}, GIVEN), ({}, "own")]
)
def test_the_hosts_step_of_a_trace_is_the_one_to_go_on_from(beside, header):
    seen = {}
    app = follow_host(lambda environ, _: seen.update(environ) or [])
    app({"HTTP_TRACEPARENT": "own", **beside}, None)
    assert seen["HTTP_TRACEPARENT"] == header
