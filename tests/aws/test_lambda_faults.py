"""Each door on AWS dies or hangs in the middle, and the same event is delivered again: its work is
done once.

The doors run from the sources by AWS's own runtime client behind AWS's own Lambda emulator, which
ends an invocation at its time-out and starts the runtime again after each death. Delivering again
is what the emulator does not do, so the test does it, as S3, SQS and EventBridge would; after a
time-out to a new emulator with time enough, since starting the runtime counts, too.
"""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from emulators.account import Account
from emulators.aws import point_sdk_at, require_program
from emulators.child import Emulator
from emulators.lambda_emulator import HASTY_SECONDS, PATIENT_SECONDS, PROGRAM, Fault, LambdaEmulator
from support_pack import package_bytes

from scienceops.bootstrap import connect
from scienceops.core.messages import CAPTURES, WORK, AdvanceVersion, FollowRun
from scienceops.core.names import package_key
from scienceops.core.versions import Service, Version, VersionState
from scienceops.ports import Ports
from scienceops.usecases.announce_capture import announce_capture
from scienceops.usecases.freeze_run import freeze_run, read_runs
from scienceops.usecases.platform_secrets import owner_token
from scienceops.usecases.records import (
    STATISTICS,
    Stored,
    number_key,
    read_service,
    read_versions,
    save,
    utc_now,
)

EVENTS = Path(__file__).parents[1] / "events/aws"
UPLOAD = "packages/iris/a.zip"
CAPTURE = "captures/iris/1/date=2026-11-25/a.parquet"
#: An event is delivered so often at most, here as on AWS's way to a dead-letter queue.
MOST_DELIVERIES = 6
DEATHS = {"crash": "Runtime.ExitError", "hang": "Task timed out after"}


def faults(operation: str, number: int = 1) -> list[Fault]:
    """A crash on either side of the call, and a time-out after it was carried out."""
    kinds = (("crash", "before"), ("crash", "after"), ("hang", "after"))
    return [Fault(how, when, operation, number) for how, when in kinds]


def named(fault: Fault) -> str:
    return f"{fault.how}-{fault.when}-{fault.operation}-{fault.number}"


def event(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return read


def created(key: str) -> dict[str, Any]:
    told = event("object_created")
    told["Records"][0]["s3"]["object"]["key"] = quote_plus(key, safe="/")
    return told


class Scene:
    """One installation in the emulated account, and the door that a test breaks."""

    def __init__(self, account: Account, folder: Path, stack: ExitStack) -> None:
        self.account = account
        self.ports: Ports = connect(account.settings)
        self._folder = folder
        self._stack = stack

    def service(self) -> None:
        service = Service(name="iris")
        save(self.ports.registry, Stored(service, "iris", "service"), service, at=utc_now())

    def ledger(self, partition: str = "iris") -> list[str]:
        return [entry.action for entry in self.ports.registry.ledger(partition)]

    def survive(
        self,
        door: str,
        fault: Fault,
        events: Callable[[], dict[str, Any]],
        done: Callable[[str], bool],
    ) -> None:
        """Deliver until the work is done; the door must have died on the way, as the fault says."""
        seconds = HASTY_SECONDS if fault.how == "hang" else PATIENT_SECONDS
        function, answers = self._start(door, fault, seconds), list[str]()
        for _ in range(MOST_DELIVERIES):
            answers.append(function.invoke(events()))
            died = any(death in answers[-1] for death in DEATHS.values())
            if not died and function.mark.exists() and done(answers[-1]):
                break
            if fault.how == "hang" and seconds < PATIENT_SECONDS:
                # A busy machine may need more than that to start the runtime at all.
                seconds = PATIENT_SECONDS if function.mark.exists() else 2 * seconds
                function.stop()
                function = self._start(door, fault, seconds)
        else:
            raise AssertionError(f"not done after {answers}:\n{function.log.read_text()[-3000:]}")
        assert DEATHS[fault.how] in answers[0], answers

    def _start(self, door: str, fault: Fault, seconds: int) -> LambdaEmulator:
        function = LambdaEmulator(door, fault, seconds, self.account, self._folder)
        self._stack.callback(function.stop)
        return function


@pytest.fixture
def scene(ministack: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    require_program(PROGRAM)
    point_sdk_at(ministack.url, monkeypatch)
    account = Account()
    account.make_all()
    with ExitStack() as stack:
        yield Scene(account, tmp_path, stack)


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
    scene.ports.queue.send(WORK, AdvanceVersion(service="iris", version=1).to_body())
    sqs = scene.account.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{scene.account.prefix}work")["QueueUrl"]

    def delivered() -> dict[str, Any]:
        # A visibility of none: what was not deleted is there at the next look.
        [message] = sqs.receive_message(
            QueueUrl=url, VisibilityTimeout=0, MessageSystemAttributeNames=["All"]
        )["Messages"]
        told = event("messages")
        told["Records"] = [
            {
                **copy.deepcopy(told["Records"][0]),
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
            }
        ]
        return told

    nothing_failed = {"batchItemFailures": []}
    scene.survive("on_work", fault, delivered, lambda told: json.loads(told) == nothing_failed)
    assert scene.ledger() == ["version made live"]
    assert read_service(scene.ports.registry, "iris").value.live == 1
    assert scene.ports.queue.depth(WORK) == 0


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
    wanted = FollowRun(run=1).to_body()

    def done(told: str) -> bool:
        assert told == "null"
        # A run is found by who takes the messages after the dead one; they come back in a second.
        return wanted in [d.body for d in scene.ports.queue.receive(WORK, visibility_seconds=1)]

    scene.survive("on_timer", fault, lambda: event("tick"), done)
    [run] = [stored.value for stored in read_runs(scene.ports)]
    assert (run.number, run.state, run.partitions, run.segments) == (1, "ready", 1, 1)
    assert scene.ledger(STATISTICS) == ["statistics requested"]
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
