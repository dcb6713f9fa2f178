"""The scene of a fault: one installation, and a door that dies or hangs and is called again."""

import copy
import json
import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from contract.waiting import wait_for
from emulators.account import Account
from emulators.lambda_emulator import HASTY_SECONDS, PATIENT_SECONDS, Fault, LambdaEmulator

from scienceops.bootstrap import connect
from scienceops.core.versions import Service
from scienceops.ports import Ports
from scienceops.usecases.records import Stored, save, utc_now

EVENTS = Path(__file__).parents[1] / "events/aws"
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

    def __init__(self, account: Account, task: Path, folder: Path, stack: ExitStack) -> None:
        self.account = account
        self.ports: Ports = connect(account.settings)
        self.stack = stack
        self._task = task
        self._folder = folder

    def service(self, **policy: str) -> None:
        service = Service(name="iris", policy=policy)
        save(self.ports.registry, Stored(service, "iris", "service"), service, at=utc_now())

    def ledger(self, partition: str = "iris") -> list[str]:
        return [entry.action for entry in self.ports.registry.ledger(partition)]

    def delivery(self, queue: str) -> dict[str, Any]:
        """The event of the message that lies in a queue, as Lambda gives it to a door."""
        sqs = self.account.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{self.account.prefix}{queue}")["QueueUrl"]
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

    def tick(self, *queues: str) -> dict[str, Any]:
        """The timer's event, when nothing that was taken from the queues is hidden any more.

        A real timer waits a minute, by when it is.
        """
        sqs = self.account.client("sqs")
        urls = [
            sqs.get_queue_url(QueueName=f"{self.account.prefix}{q}")["QueueUrl"] for q in queues
        ]
        hidden = "ApproximateNumberOfMessagesNotVisible"

        def away() -> list[int]:
            told = [sqs.get_queue_attributes(QueueUrl=u, AttributeNames=[hidden]) for u in urls]
            return [int(reply["Attributes"][hidden]) for reply in told]

        wait_for(away, lambda counts: not any(counts))
        return event("tick")

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
            if fault.how == "hang" and len(answers) == 1:
                function.stop()
                function = self._start(door, fault, PATIENT_SECONDS)
        else:
            raise AssertionError(f"not done after {answers}:\n{function.log.read_text()[-3000:]}")
        assert DEATHS[fault.how] in answers[0], answers

    def _start(self, door: str, fault: Fault, seconds: int) -> LambdaEmulator:
        """The door, warm: what a busy machine needs for a start is no part of its time-out.

        That time-out is to fall where the door hangs and nowhere before, so it is no less than what
        four starts take on this machine; a door's own work takes about as long as one or two.
        """
        place = {"task": self._task, "account": self.account, "folder": self._folder}
        while True:
            function = LambdaEmulator(door, fault, seconds, **place)
            self.stack.callback(function.stop)
            began = time.monotonic()
            is_warm = function.warm_up()
            needed = math.ceil(4 * (time.monotonic() - began))
            if is_warm and (needed <= seconds or seconds == PATIENT_SECONDS):
                return function
            assert seconds < PATIENT_SECONDS, function.log.read_text()[-3000:]
            function.stop()
            seconds = min(needed if is_warm else 2 * seconds, PATIENT_SECONDS)


def nothing_failed(told: str) -> bool:
    """Whether a door says of a batch that it took all of it."""
    return bool(json.loads(told) == {"batchItemFailures": []})
