"""Doors whose host is killed: the message comes again, and its work is done once.

The runtime of Functions is the real one; its host, and what stands for Azure, are stand-ins.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from emulators.azure_installation import AzureInstallation, running_installation
from models import iris_rows, pack_trainable_iris
from receiver import Receiver

from scienceops.adapters.azure import connect
from scienceops.adapters.azure.clients import open_queues
from scienceops.ports import Ports
from scienceops.usecases.change_policy import change_policy
from scienceops.usecases.records import utc_now
from scienceops.usecases.watch_alerts import read_alert, read_deliveries

#: How long a host that will be killed hides its messages from the next one. The last one, which
#: is left alone, hides them as long as the real one does: a slow step is no second delivery.
HIDDEN_SECONDS = 5
WHEN = ("before", "within", "after")


@pytest.fixture(scope="module")
def installation(azurite: str, tmp_path_factory: pytest.TempPathFactory):
    with running_installation(tmp_path_factory.mktemp("killed"), azurite) as installation:
        yield installation


def kill_at_each_step(
    installation: AzureInstallation, door: str, ask: Callable[[], object] = lambda: None
) -> None:
    """Let the door end its host at each step, of one message or of several.

    ask: what brings the first message, by a host that is armed.
    """
    for when in WHEN:
        kill_at(installation, when, door, ask if when == WHEN[0] else lambda: None)


def kill_at(
    installation: AzureInstallation,
    when: str,
    door: str,
    ask: Callable[[], object] = lambda: None,
    what: str = "",
) -> None:
    """Let the door end its host at one step; within it, at the first thing named like `what`."""
    installation.start_host(when, door, what, hidden_seconds=HIDDEN_SECONDS)
    ask()
    installation.wait_for(lambda: installation.is_host_killed)


def set_aside(installation: AzureInstallation) -> list[str]:
    """Queues of messages that the host gave up on."""
    queues = open_queues(installation.settings.azure)
    poison = [found.name for found in queues.list_queues() if found.name.endswith("-poison")]
    return [name for name in poison if queues.get_queue_client(name).peek_messages()]


@pytest.fixture(scope="module")
def iris(installation: AzureInstallation, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A service whose upload and whose first steps were each cut short three times."""
    installation.kill_host()
    package = pack_trainable_iris(tmp_path_factory.mktemp("package"))
    installation.objects.put("packages/iris/model.zip", package)
    for door in ("register_upload", "do_work"):
        kill_at_each_step(installation, door)
    installation.start_host()

    def live():
        status, _, body = installation.request("GET", "/api/v1/services/iris")
        return body["live"] if status == 200 else (status, body)

    installation.wait_for(live, lambda seen: seen == 1)
    return "iris"


def test_an_upload_becomes_one_version_whose_steps_are_told_once(installation, iris):
    assert installation.json("/services/iris/versions/1")["state"] == "proved"
    assert installation.request("GET", "/api/v1/services/iris/versions/2")[0] == 404
    told = Counter(
        entry["action"] for entry in installation.json("/services/iris/history")["entries"]
    )
    assert set(told.values()) == {1}, told
    assert set_aside(installation) == []


def test_captured_rows_are_counted_once(installation, iris):
    day = datetime.now(UTC).date() - timedelta(days=1)

    def score():
        path, rows = f"/api/v1/service/{iris}/score", {"input_df": iris_rows()}
        at = f"{day.isoformat()}T12:00:00Z"
        # Once the rows are announced the host is killed, which has an answer to give before.
        installation.announces.clear()
        try:
            told = installation.request("POST", path, rows, X_ScienceOps_Captured_At=at)
        finally:
            installation.announces.set()
        status, _, answer = told
        assert status == 200, answer

    kill_at_each_step(installation, "announce_capture", score)
    installation.start_host()

    def rows():
        found = installation.json(f"/services/{iris}/statistics")["rows"]
        return {(r["feature_name"], r["statistic"], r["prediction_date"]): r for r in found}

    counted = ("sepal length (cm)", "count", day.isoformat())
    seen = installation.wait_for(rows, lambda rows: counted in rows)
    assert seen[counted]["value"] == len(iris_rows())
    assert set_aside(installation) == []


@pytest.fixture(scope="module")
def ports(installation: AzureInstallation) -> Ports:
    """What the doors read and write, for a look while no host runs."""
    return connect(installation.settings)


def told(ports: Ports, action: str) -> int:
    """How many times the history of the service has this action."""
    return [entry.action for entry in ports.registry.ledger("iris")].count(action)


def test_a_decision_that_is_asked_for_again_is_made_once(installation, iris, ports):
    path, wanted = f"/api/v1/services/{iris}/policy", {"margin": 0.125}

    def ask():
        # Who asked is told nothing, so asks again.
        with pytest.raises(ConnectionError):
            installation.request("PATCH", path, wanted)

    before = told(ports, "policy changed")
    for when, made in zip(WHEN, (0, 1, 1), strict=True):
        kill_at(installation, when, "change_policy", ask)
        assert told(ports, "policy changed") == before + made
    installation.start_host()
    status, _, policy = installation.request("PATCH", path, wanted)
    assert (status, policy["margin"]) == (200, wanted["margin"])
    assert told(ports, "policy changed") == before + 1


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def alert(installation: AzureInstallation, iris: str, ports: Ports, receiver: Receiver) -> str:
    """The rule of an alert that begins at the next turn of the clock; no host runs."""
    installation.kill_host()
    hours = {"alert_on": "no_traffic", "alert_no_traffic_hours": "0.0001"}
    change_policy(iris, {**hours, "alert_url": receiver.url}, "eva", ports, utc_now)
    return "no_traffic"


def test_an_alert_whose_clock_is_killed_begins_once(installation, iris, ports, receiver, alert):
    steps = []
    for when in WHEN:
        # The clock has more to do than this, and writes of that too.
        kill_at(installation, when, "tick", what=f"alert/{alert}")
        begun = read_alert(iris, alert, ports).value.firing
        steps.append((begun, len(read_deliveries(iris, ports))))
    # What was left between the alert and its event, the next turn of the clock has made.
    assert steps == [(False, 0), (True, 0), (True, 1)]
    installation.start_host()
    installation.wait_for(lambda: read_deliveries(iris, ports)[0].value.state == "delivered")
    installation.wait_for(lambda: ports.queue.depth("alerts") == 0)
    assert told(ports, "alert began") == 1
    assert {event["type"] for event in receiver.took} == {f"dev.scienceops.alert.{alert}.firing"}
    assert len({event["id"] for event in receiver.took}) == 1
    assert set_aside(installation) == []


def test_an_alert_that_was_posted_and_not_noted_is_posted_again_under_its_id(
    installation, iris, ports, receiver, alert
):
    installation.kill_host()
    receiver.took.clear()
    change_policy(iris, {"alert_no_traffic_hours": "0"}, "eva", ports, utc_now)
    posted = []
    for when in WHEN:
        kill_at(installation, when, "send_alert", what=receiver.url)
        posted.append(len(receiver.took))
    installation.start_host()

    def ended():
        found = [stored.value for stored in read_deliveries(iris, ports)]
        return [delivery for delivery in found if delivery.sequence == 2]

    installation.wait_for(ended, lambda seen: [d.state for d in seen] == ["delivered"])
    installation.wait_for(lambda: ports.queue.depth("alerts") == 0)
    assert posted[:2] == [0, 1]
    assert len(receiver.took) >= 2
    assert {event["type"] for event in receiver.took} == {f"dev.scienceops.alert.{alert}.recovered"}
    assert len({event["id"] for event in receiver.took}) == 1
    assert [delivery.attempts for delivery in ended()] == [1]
    assert set_aside(installation) == []
