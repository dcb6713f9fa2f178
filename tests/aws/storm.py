"""The platform in a storm: what reaches it, and how it is worked off.

App runs over the AWS adapters of bucket, queues, registry, statistics and secrets. What computes
is a stand-in (stand_ins.py); faults are put in by a hook of botocore (weather.py). Doors run side
by side, and again when they raise, as Lambda runs them; the clock turns meanwhile.
"""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote_plus

from aws.stand_ins import StandInBuilder, StandInJobs, StandInRuntime
from aws.weather import Weather
from emulators.account import Account
from support_pack import manifest_document, package_bytes, package_files

from scienceops.adapters.aws.clients import LazyClient
from scienceops.adapters.aws.message_queue import SqsMessageQueue
from scienceops.adapters.aws.model_registry import DynamoModelRegistry
from scienceops.adapters.aws.object_store import S3ObjectStore
from scienceops.adapters.aws.secret_store import SecretsManagerStore
from scienceops.adapters.aws.statistics_store import DynamoStatisticsStore
from scienceops.app import App
from scienceops.core.names import CAPTURES, PACKAGES, Partition
from scienceops.errors import ObjectExists
from scienceops.ports import Ports
from scienceops.ports.message_queue import Delivery
from scienceops.usecases.freeze_run import read_runs

SEED = 20261125
SHARE = 0.05
SERVICES = [f"storm-{number}" for number in range(10)]
PACKAGES_EACH = 5
#: The same package is uploaded under so many names.
NAMES_EACH = 4
CAPTURE_OBJECTS = 2000
DAYS = [date(2026, 11, 1) + timedelta(days) for days in range(5)]
DOORS = 16
TICK_SECONDS = 2
HIDDEN_SECONDS = 15
END_SECONDS = 180


class ImpatientQueue(SqsMessageQueue):
    """Hides a message for HIDDEN_SECONDS at most.

    Messages whose delivery was lost on its way are hidden like any other, and come back within
    the time of a test.
    """

    def receive(
        self, queue: str, *, most: int = 10, visibility_seconds: float = 60
    ) -> list[Delivery]:
        hidden = min(visibility_seconds, HIDDEN_SECONDS)
        return super().receive(queue, most=most, visibility_seconds=hidden)


class Storm:
    """The platform under test, and everything that reaches it."""

    def __init__(self, account: Account) -> None:
        account.make_all()
        self.events = account.make_events()
        self.sqs = account.client("sqs")
        self.dice = random.Random(SEED)
        self.weather = Weather(SHARE, SEED)
        s3, sqs, dynamodb, secrets = (
            self.weather.fall_on(LazyClient(name))
            for name in ("s3", "sqs", "dynamodb", "secretsmanager")
        )
        objects = S3ObjectStore(s3, account.bucket)
        statistics = DynamoStatisticsStore(dynamodb, f"{account.prefix}statistics")
        self.ports = Ports(
            objects=objects,
            queue=ImpatientQueue(sqs, account.prefix),
            registry=DynamoModelRegistry(dynamodb, f"{account.prefix}registry"),
            builder=StandInBuilder(),
            runtime=StandInRuntime(),
            jobs=StandInJobs(objects, statistics),
            statistics=statistics,
            secrets=SecretsManagerStore(secrets, account.prefix),
        )
        settings = account.settings.model_copy(
            update={"statistics_seconds": 0, "drain_seconds": 0, "environment": "storm"}
        )
        self.app = App(self.ports, settings)
        self.counts: Counter[str] = Counter()
        self.uploads = dict(self._make_uploads())
        self.captures = dict(self._make_captures())

    def _make_uploads(self) -> Iterable[tuple[str, bytes]]:
        for service in SERVICES:
            for number in range(PACKAGES_EACH):
                files = package_files(model__skops=f"model {number} of {service}".encode())
                data = package_bytes(files, manifest=manifest_document(files, name=service))
                for name in range(NAMES_EACH):
                    yield f"{PACKAGES}{service}/{number}-{name}.zip", data

    def _make_captures(self) -> Iterable[tuple[str, bytes]]:
        for number in range(CAPTURE_OBJECTS):
            service = SERVICES[number % 4]
            partition = Partition(service, 1, self.dice.choice(DAYS))
            yield partition.segment_key("replica", number), b"segment %d" % number

    def break_loose(self) -> None:
        """From the first object to rest."""
        with self._timed("put"):
            self.put_all()
        with self._timed("deliver"):
            self.deliver(self.take_events())
        with self._timed("settle"):
            self.settle()
        self.counts["runs"] = len(read_runs(self.ports))

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.counts[f"seconds to {what}"] = round(time.monotonic() - began)

    def put_all(self) -> None:
        """Every object is put; one capture in ten twice, as by a shipper that died and another."""
        twice = [key for key in self.captures if self.dice.random() < 0.1]
        keys = [*self.uploads, *self.captures, *twice]
        self.dice.shuffle(keys)
        self._side_by_side(self._put, keys)

    def _put(self, key: str) -> None:
        if key in self.uploads:
            self.ports.objects.put(key, self.uploads[key])
            return
        try:
            self.ports.objects.put(key, self.captures[key], if_absent=True)
        except ObjectExists:
            self.counts["captures found taken"] += 1

    def take_events(self) -> list[str]:
        """The keys that the bucket announced, until each was and no more come."""
        missing = {*self.uploads, *self.captures}
        told: list[str] = []
        end = time.monotonic() + END_SECONDS
        while (messages := self._take_messages()) or missing:
            assert time.monotonic() < end, f"never announced: {sorted(missing)[:5]}"
            for message in messages:
                for record in json.loads(message["Body"]).get("Records", []):
                    key = unquote_plus(record["s3"]["object"]["key"])
                    if key.startswith((PACKAGES, CAPTURES)):
                        told.append(key)
                        missing.discard(key)
        return told

    def _take_messages(self) -> list[dict[str, Any]]:
        reply = self.sqs.receive_message(QueueUrl=self.events, MaxNumberOfMessages=10)
        messages: list[dict[str, Any]] = reply.get("Messages", [])
        if messages:
            entries = [
                {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)
            ]
            self.sqs.delete_message_batch(QueueUrl=self.events, Entries=entries)
        return messages

    def deliver(self, events: list[str]) -> None:
        """Each event to its door, one in three twice, in any order, while the work goes on."""
        again = [key for key in events if self.dice.random() < 1 / 3]
        shuffled = [*events, *again]
        self.dice.shuffle(shuffled)
        self.counts["events"] = len(shuffled)
        over = threading.Event()
        with ThreadPoolExecutor(DOORS // 2 + 1) as others:
            going = [others.submit(self._until, over, self.work) for _ in range(DOORS // 2)]
            going.append(others.submit(self._until, over, self.tick))
            try:
                self._side_by_side(self._door, shuffled)
            finally:
                over.set()
            for other in going:
                other.result()

    def _door(self, key: str) -> None:
        door: Callable[[str], object] = self.app.announce_capture
        if key.startswith(PACKAGES):
            door = self.app.register_upload
        self._like_lambda(lambda: door(key))

    def _until(self, over: threading.Event, turn: Callable[[], bool]) -> None:
        while not over.is_set():
            if not turn():
                over.wait(0.2)

    def tick(self) -> bool:
        """Turn the clock, then let it stand for a while."""
        self._like_lambda(self.app.tick)
        time.sleep(TICK_SECONDS)
        return True

    def work(self) -> bool:
        """Take the steps of some messages, one in ten of them twice; whether there were any."""
        deliveries = self.app.receive_work(most=4)
        for delivery in deliveries:
            times = 2 if self.dice.random() < 0.1 else 1
            for _ in range(times):
                self._like_lambda(lambda delivery=delivery: self.app.do_work(delivery))
            self.counts["steps of work"] += times
        return bool(deliveries)

    def settle(self) -> None:
        """Turn the clock and work until everything rests."""
        end = time.monotonic() + END_SECONDS
        while True:
            assert time.monotonic() < end, "it does not come to rest"
            self._side_by_side(lambda _: self._work_off(), range(DOORS))
            if self._is_at_rest():
                return
            self._like_lambda(self.app.tick)

    def _work_off(self) -> None:
        while self.work():
            pass

    def _is_at_rest(self) -> bool:
        queue = self.ports.queue
        if queue.depth("work") or queue.depth("captures"):
            return False
        return all(stored.value.state == "succeeded" for stored in read_runs(self.ports))

    def _like_lambda(self, call: Callable[[], object]) -> None:
        for attempt in range(3):
            try:
                call()
            except Exception:
                self.counts["doors that raised"] += 1
                if attempt == 2:
                    raise
            else:
                return

    @staticmethod
    def _side_by_side(work: Callable[[Any], object], items: Iterable[Any]) -> None:
        with ThreadPoolExecutor(DOORS) as pool:
            list(pool.map(work, items))
