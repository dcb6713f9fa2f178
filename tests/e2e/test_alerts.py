"""Alerts of a real platform reach a real receiver, and a dead one holds up nothing else."""

import time

import pytest
from labelled_week import noon
from models import iris_rows, pack_iris
from platform_process import running_platform, wait_for
from receiver import Receiver

from scienceops.webhook import TIMEOUT_SECONDS


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    """A service with a day that drifts."""
    with running_platform(tmp_path_factory.mktemp("home")) as platform:
        package = pack_iris(tmp_path_factory.mktemp("p"), policy={"simulated": True})
        platform.cli("push", str(package), "--wait")
        score_day(platform, 1, 2.0)
        yield platform


def score_day(platform, days_ago, shift):
    moved = [{**r, "petal length (cm)": r["petal length (cm)"] + shift} for r in iris_rows()]
    at = noon(days_ago).isoformat()
    before = len(platform.captured("iris"))
    token = platform.owner_token()
    assert platform.score("iris", moved, token, X_ScienceOps_Captured_At=at)[0] == 200
    wait_for(lambda: len(platform.captured("iris")) == before + len(moved), 20, "the captures")
    platform.cli("stats", "iris", "--run", "--engine", "inline")


def types_of(events):
    return [event["type"].removeprefix("dev.scienceops.alert.") for event in events]


def test_drift_reaches_a_receiver_that_fails_at_first_and_its_end_too(platform, receiver):
    receiver.status = 500
    platform.cli("policy", "iris", "set", f"alert_url={receiver.url}")
    wait_for(lambda: receiver.refused, 20, "the first attempt")
    receiver.status = 202
    wait_for(lambda: receiver.took, 30, "the second attempt")
    assert types_of(receiver.took) == ["drift.firing"]
    (event,) = receiver.took
    assert event["id"] == receiver.refused[0]["id"]
    assert "petal length (cm)" in event["data"]["details"]["features"]
    assert event["data"]["link"] == f"{platform.url}/services/iris/data"
    assert platform.request("GET", "/services/iris/data")[0] == 200

    def delivered():
        told = platform.read("services/iris/alerts")["deliveries"]
        return [d["state"] for d in told] == ["delivered"]

    # That it was taken is written down once its receiver has said so.
    wait_for(delivered, 20, "the delivery to be written down")
    shown = platform.json("alerts", "iris")
    drift = next(rule for rule in shown["rules"] if rule["rule"] == "drift")
    assert drift["firing"]
    assert [d["state"] for d in shown["deliveries"]] == ["delivered"]
    assert "drift.firing" in platform.cli("alerts", "iris").stdout
    score_day(platform, 0, 0.0)
    wait_for(lambda: len(receiver.took) == 2, 20, "the recovery")
    assert types_of(receiver.took)[1] == "drift.recovered"


def seconds_to_deploy(platform, package):
    began = time.monotonic()
    pushed = platform.json("push", str(package), "--wait")
    assert (pushed["state"], pushed["version"]) == ("live", 1)
    return time.monotonic() - began


def test_a_receiver_that_hangs_delays_neither_scoring_nor_deploying(platform, receiver, tmp_path):
    usual = seconds_to_deploy(platform, pack_iris(tmp_path, name="lily"))
    receiver.hold.clear()
    platform.cli("policy", "iris", "set", f"alert_url={receiver.url}")
    score_day(platform, 0, 9.0)
    wait_for(lambda: platform.read("services/iris/alerts")["rules"][0]["firing"], 20, "the alert")
    # Each of some five steps would wait as long as the sender does, were it in their way.
    # Another that runs on this machine makes one of them slow, and the sender all of them.
    names = ("aster", "begonia", "crocus")
    packages = [pack_iris(tmp_path, name=name) for name in names]
    bound = 2 * usual + TIMEOUT_SECONDS
    assert any(seconds_to_deploy(platform, package) < bound for package in packages)
    slowest = 0.0
    for _ in range(20):
        asked = time.monotonic()
        assert platform.score("aster", iris_rows()[:1], platform.owner_token())[0] == 200
        slowest = max(slowest, time.monotonic() - asked)
    assert slowest < TIMEOUT_SECONDS
    reason = wait_for(lambda: platform.read("services/iris/alerts")["deliveries"][0]["reason"], 20)
    assert reason == "no answer within 5 s"


def test_an_address_that_is_none_is_refused_in_one_line(platform):
    done = platform.cli("policy", "iris", "set", "alert_url=ftp://files.example/x", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("scienceops: policy alert_url = 'ftp://files.example/x'")
    assert done.stderr.count("\n") == 1
