"""Each door on AWS dies or hangs in the middle, and the same event is delivered again: its work is
done once.

The doors run from the bundle by AWS's own runtime client behind AWS's own Lambda emulator, which
ends an invocation at its time-out and starts the runtime again after each death. Delivering again
is what the emulator does not do, so the test does it, as S3, SQS and EventBridge would; after a
time-out to a new emulator with time enough. Each is warmed up before, so that the time-out falls
into the door's own work.
"""

import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aws.fault_scene import Scene, created, event, faults, named, nothing_failed
from emulators.account import Account
from emulators.aws import point_sdk_at, require_program
from emulators.child import Emulator
from emulators.functions import with_runtime
from emulators.lambda_emulator import PROGRAM, Fault
from receiver import Receiver
from support_pack import package_bytes

from scienceops.core.alert_records import AlertDelivery, delivery_key
from scienceops.core.messages import (
    ALERTS,
    CAPTURES,
    WORK,
    AdvanceVersion,
    FollowRun,
    SendAlert,
    parse_work,
)
from scienceops.core.names import package_key
from scienceops.core.nudges import KEY, Nudge, Nudges
from scienceops.core.versions import Deployment, Version, VersionState
from scienceops.usecases.announce_capture import announce_capture
from scienceops.usecases.find_runs import read_runs
from scienceops.usecases.freeze_run import freeze_run
from scienceops.usecases.platform_secrets import owner_token
from scienceops.usecases.records import (
    STATISTICS,
    Stored,
    find,
    number_key,
    read_service,
    read_versions,
    save,
    stamp,
    utc_now,
)

UPLOAD = "packages/iris/a.zip"
LONG_AGO = "2026-11-25T00:00:00.000Z"
ALERT = delivery_key("drift", 1)
CAPTURE = "captures/iris/1/date=2026-11-25/a.parquet"


@pytest.fixture(scope="module")
def task(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(with_runtime(bundle, folder / "aws-emulator.zip")) as archive:
        archive.extractall(folder / "task")
    return folder / "task"


@pytest.fixture
def scene(
    ministack: Emulator, task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    require_program(PROGRAM)
    point_sdk_at(ministack.url, monkeypatch)
    account = Account()
    account.make_all()
    with ExitStack() as stack:
        yield Scene(account, task, tmp_path, stack)


# The first transaction makes the service, the second claims the version's number.
@pytest.mark.parametrize(
    "fault", [*faults("TransactWriteItems", 2), Fault("crash", "before", "SendMessage")], ids=named
)
def test_an_upload_is_one_version(scene: Scene, fault: Fault) -> None:
    package = package_bytes()
    scene.ports.objects.put(UPLOAD, package)
    scene.survive("on_model_upload", fault, lambda: created(UPLOAD), lambda told: told == "null")
    assert [stored.value.number for stored in read_versions(scene.ports.registry, "iris")] == [1]
    assert scene.ledger() == ["service created", "version uploaded"]
    assert scene.ports.objects.get(package_key("iris", 1)) == package
    asked = [delivery.body for delivery in scene.ports.queue.receive(WORK)]
    assert AdvanceVersion(service="iris", version=1).to_body() in asked


@pytest.mark.parametrize(
    "fault", [*faults("TransactWriteItems"), Fault("crash", "before", "DeleteMessage")], ids=named
)
def test_a_message_is_one_step(scene: Scene, fault: Fault) -> None:
    scene.service()
    version = Version(
        service="iris",
        number=1,
        digest="d",
        state=VersionState.PROVED,
        uploaded_at="2026-11-25T00:00:00.000Z",
        uploaded_key=UPLOAD,
        manifest={},
    )
    place = Stored(version, "iris", number_key("version", 1))
    save(scene.ports.registry, place, version, at=utc_now())
    runs = Deployment(service="iris", version=1, desired="running", observed="ready", starts=1)
    save(
        scene.ports.registry, Stored(runs, "iris", number_key("deployment", 1)), runs, at=utc_now()
    )
    scene.ports.queue.send(WORK, AdvanceVersion(service="iris", version=1).to_body())
    scene.survive("on_work", fault, lambda: scene.delivery(WORK), nothing_failed)
    assert scene.ledger() == ["version made live"]
    assert read_service(scene.ports.registry, "iris").value.live == 1
    assert scene.ports.queue.depth(WORK) == 0


@pytest.fixture
def receiver(scene: Scene) -> Receiver:
    """Takes the alerts of service iris, of which one is on its way."""
    receiver = Receiver()
    scene.stack.callback(receiver.close)
    scene.service(alert_url=receiver.url)
    at = stamp(utc_now())
    alert = AlertDelivery(
        service="iris",
        rule="drift",
        sequence=1,
        event={"id": "a"},
        created_at=at,
        next_at=at,
        # After the next failure there is a quarter of an hour to the one after.
        attempts=8,
    )
    save(scene.ports.registry, Stored(alert, "iris", ALERT), alert, at=utc_now())
    scene.ports.queue.send(ALERTS, SendAlert(service="iris", rule="drift", sequence=1).to_body())
    return receiver


def alert_of(scene: Scene) -> AlertDelivery:
    stored = find(scene.ports.registry, "iris", ALERT, AlertDelivery)
    assert stored is not None
    return stored.value


@pytest.mark.parametrize(
    "fault", [*faults("TransactWriteItems"), Fault("crash", "before", "DeleteMessage")], ids=named
)
def test_an_alert_is_one_event(scene: Scene, receiver: Receiver, fault: Fault) -> None:
    scene.survive("on_alert", fault, lambda: scene.delivery(ALERTS), nothing_failed)
    assert alert_of(scene).state == "delivered"
    # What was posted and not noted is posted again, and known by its id.
    unnoted = fault.when == "before" and fault.operation == "TransactWriteItems"
    assert receiver.took == [{"id": "a"}] * (2 if unnoted else 1)
    assert scene.ports.queue.depth(ALERTS) == 0


@pytest.mark.parametrize("fault", faults("SendMessage")[1:], ids=named)
def test_an_attempt_that_failed_is_followed_by_one_other(
    scene: Scene, receiver: Receiver, fault: Fault
) -> None:
    receiver.status = 503
    scene.survive("on_alert", fault, lambda: scene.delivery(ALERTS), nothing_failed)
    assert (alert_of(scene).state, alert_of(scene).attempts) == ("pending", 9)
    assert receiver.refused == [{"id": "a"}]
    # The next attempt's message, which is not due yet.
    assert scene.ports.queue.depth(ALERTS) == 1


@pytest.mark.parametrize("fault", faults("SendMessage"), ids=named)
def test_a_capture_is_one_day_of_one_run(scene: Scene, fault: Fault) -> None:
    scene.ports.objects.put(CAPTURE, b"rows")
    scene.survive("on_capture", fault, lambda: created(CAPTURE), lambda told: told == "null")
    how = {"engine": "inline", "environment": "test", "requested_by": "ann"}
    run = freeze_run(scene.ports, utc_now, **how)
    assert run is not None
    assert (run.partitions, run.segments) == (1, 1)
    assert freeze_run(scene.ports, utc_now, **how) is None
    assert scene.ports.queue.depth(CAPTURES) == 0


@pytest.mark.parametrize(
    "fault", [Fault("crash", "before", "TransactWriteItems"), *faults("SendMessage")], ids=named
)
def test_ticks_are_one_run_of_the_day(scene: Scene, fault: Fault) -> None:
    scene.service()
    scene.ports.objects.put(CAPTURE, b"rows")
    announce_capture(CAPTURE, scene.ports.queue)

    def done(told: str) -> bool:
        assert told == "null"
        # A minute goes by before another message is sent for a run; here it is over at once.
        if (nudges := find(scene.ports.registry, STATISTICS, KEY, Nudges)) is not None:
            aged = {
                name: Nudge(chain=n.chain, at=LONG_AGO) for name, n in nudges.value.items.items()
            }
            later = nudges.value.model_copy(update={"items": aged})
            save(scene.ports.registry, nudges, later, at=utc_now())
        # A run is found by who takes the messages after the dead one; they come back in a second.
        found = [parse_work(d.body) for d in scene.ports.queue.receive(WORK, visibility_seconds=1)]
        return any(isinstance(message, FollowRun) and message.run == 1 for message in found)

    scene.survive("on_timer", fault, lambda: scene.tick(CAPTURES, WORK), done)
    [run] = [stored.value for stored in read_runs(scene.ports)]
    assert (run.number, run.state, run.partitions, run.segments) == (1, "ready", 1, 1)
    assert scene.ports.queue.depth(CAPTURES) == 0


@pytest.mark.parametrize("fault", faults("TransactWriteItems"), ids=named)
def test_a_writing_request_is_one_change(scene: Scene, fault: Fault) -> None:
    scene.service()
    asked = event("request")
    asked["requestContext"]["http"].update(method="PATCH", path="/api/v1/services/iris/policy")
    asked.update(rawPath="/api/v1/services/iris/policy", body='{"promotion": "manual"}')
    asked["headers"]["content-type"] = "application/json"
    asked["headers"]["authorization"] = f"Bearer {owner_token(scene.ports.secrets)}"

    def done(told: str) -> bool:
        assert json.loads(told)["statusCode"] == 200, told
        return True

    scene.survive("http", fault, lambda: asked, done)
    assert scene.ledger() == ["policy changed"]
    assert read_service(scene.ports.registry, "iris").value.policy["promotion"] == "manual"
