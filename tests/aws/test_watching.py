"""What the template has watched: alarms, the dashboard, and what is counted in logs."""

import json
import re
from typing import Any

from aws.packaged import STAGE, functions, of_type, properties
from emulators.child import ROOT


def test_each_queue_of_dead_letters_has_an_alarm(template: dict[str, Any]):
    queues = {name for name in of_type(template, "AWS::SQS::Queue") if name.startswith("Dead")}
    watched = set()
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        for dimension in alarm["Properties"]["Dimensions"]:
            if dimension["Name"] == "QueueName":
                watched.add(dimension["Value"]["Fn::GetAtt"][0])
    assert queues <= watched
    assert {"WorkQueue", "CapturesQueue", "AlertsQueue"} <= watched


def test_every_alarm_says_what_to_do_and_is_heard(template: dict[str, Any]):
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    for alarm in alarms.values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "Alarms"}]
        assert (
            " - " in alarm["Properties"]["AlarmDescription"]
            or "?" in (alarm["Properties"]["AlarmDescription"])
        )
    watched = {
        dimension["Value"]
        for alarm in alarms.values()
        if alarm["Properties"]["MetricName"] == "Errors"
        for dimension in alarm["Properties"]["Dimensions"]
    }
    names = {made["Properties"]["FunctionName"] for made in functions(template).values()}
    assert watched == names


#: What has to be seen on the dashboard and has to ring.
WATCHED = {
    *(("AWS/Lambda", "Errors"), ("AWS/Lambda", "Throttles"), ("AWS/ApiGateway", "Latency")),
    ("AWS/ApiGateway", "5xx"),
    *(
        ("AWS/SQS", f"Approximate{what}")
        for what in ("AgeOfOldestMessage", "NumberOfMessagesVisible")
    ),
    ("AWS/CodeBuild", "FailedBuilds"),
    *(("ScienceOps", f"{STAGE}failed-{what}") for what in ("runs", "versions")),
}


def dashboard_metrics(template: dict[str, Any]) -> set[tuple[str, str, str]]:
    """(namespace, metric, statistic) of the lines of all charts, shorthands written out."""
    found = set()
    body = properties(template, "Dashboard")["DashboardBody"]["Fn::Sub"]
    for widget in json.loads(body)["widgets"]:
        line: list[str] = []
        for metric in widget["properties"]["metrics"]:
            given = [part for part in metric if isinstance(part, str)]
            [options] = [part for part in metric if isinstance(part, dict)] or [{}]
            if given[0] == "...":
                line = [*line[: len(line) - len(given) + 1], *given[1:]]
            else:
                line = [line[n] if part == "." else part for n, part in enumerate(given)]
            statistic = options.get("stat") or widget["properties"]["stat"]
            found.add((line[0], line[1], statistic))
    return found


def test_what_is_watched_is_on_the_dashboard_and_rings(template: dict[str, Any]):
    alarms = [made["Properties"] for made in of_type(template, "AWS::CloudWatch::Alarm").values()]
    assert {(alarm["Namespace"], alarm["MetricName"]) for alarm in alarms} >= WATCHED
    shown = dashboard_metrics(template)
    assert {(namespace, metric) for namespace, metric, _ in shown} >= WATCHED
    [slow] = [alarm for alarm in alarms if alarm["MetricName"] == "Latency"]
    assert (slow["ExtendedStatistic"], slow["Statistic"]) == ("p99", {"Ref": "AWS::NoValue"})
    assert ("AWS/ApiGateway", "Latency", "p99") in shown


def test_the_guide_counts_the_alarms_that_are_paid_for(template: dict[str, Any]):
    told = re.search(r"\| (\d+) alarms, one dashboard \|", (ROOT / "docs/aws.md").read_text())
    assert told is not None
    assert int(told[1]) == len(of_type(template, "AWS::CloudWatch::Alarm"))


def test_what_is_counted_in_a_log_is_what_the_core_writes_there(template: dict[str, Any]):
    written = "".join(path.read_text() for path in (ROOT / "shared/scienceops").rglob("*.py"))
    filters = of_type(template, "AWS::Logs::MetricFilter").values()
    assert len(filters) == 2
    for made in filters:
        told = re.fullmatch(r'{ \$\.message = "(.+)" }', made["Properties"]["FilterPattern"])
        assert told is not None
        assert re.search(rf'log\.\w+\(\s*"{told[1]}"', written), told[1]
