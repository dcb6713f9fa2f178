"""A storm on a cloud: thousands of events, twice and shuffled, while requests fail.

What AWS and Azure share: what reaches the platform, and what must be true afterwards. A cloud gives
its adapters with faults put into their requests, and says what its bucket has announced. What
computes is a stand-in (storm_stand_ins.py). Doors run side by side, and again when they raise, as
functions are run.
"""

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

from storm_stand_ins import StandInBuilder, StandInRuntime
from support_pack import manifest_document, package_bytes, package_files

from scienceops.app import App
from scienceops.config import Settings
from scienceops.core.names import CAPTURES, PACKAGES, Partition, package_key
from scienceops.core.versions import VersionState
from scienceops.errors import ObjectExists
from scienceops.ports import Ports
from scienceops.usecases.find_runs import read_runs
from scienceops.usecases.records import read_service, read_versions

SEED = 20261125
#: The share of all requests that fails, and the kinds that a cloud counts.
SHARE = 0.05
FAULTS = ("throttled", "failed", "lost")
SERVICES = [f"storm-{number}" for number in range(10)]
PACKAGES_EACH = 5
#: The same package is uploaded under so many names.
NAMES_EACH = 4
CAPTURE_OBJECTS = 2000
DAYS = [date(2026, 11, 1) + timedelta(days) for days in range(5)]
DOORS = 16
END_SECONDS = 900
PAUSE_SECONDS = 1


class Weather:
    """Decides, request by request, what befalls it; seeded, and shared by all threads."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._dice = random.Random(SEED)
        self._lock = threading.Lock()

    def fault(self) -> str:
        """One of FAULTS, or none: throttled and failed requests are not carried out; of a lost
        one the reply is.
        """
        with self._lock:
            self.counts["requests"] += 1
            if self._dice.random() >= SHARE:
                return ""
            fault = self._dice.choice(FAULTS)
            self.counts[fault] += 1
            return fault


class Storm:
    """The platform under test, and everything that reaches it."""

    def __init__(self, ports: Ports, settings: Settings, weather: Weather) -> None:
        self.ports = ports
        self.weather = weather
        self.dice = random.Random(SEED)
        given = {"statistics_seconds": 0, "drain_seconds": 0, "environment": "storm"}
        self.app = App(ports, settings.model_copy(update=given))
        self.counts: Counter[str] = Counter()
        self.uploads = dict(self._make_uploads())
        self.captures = dict(self._make_captures())

    def take_announced(self) -> list[str]:
        """The keys that the bucket has announced since the last call."""
        raise NotImplementedError

    def rage(self) -> None:
        """All of it, and what it counted."""
        began = time.monotonic()
        for step in (self._put_all, self._deliver_all, self._settle):
            step()
            self.counts[f"seconds after {step.__name__[1:]}"] = round(time.monotonic() - began)
        sys.__stdout__.write(f"\nStorm: {dict(self.counts)} {dict(self.weather.counts)}\n")

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

    def _put_all(self) -> None:
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

    def _deliver_all(self) -> None:
        """Each event to its door, one in three twice, in any order, while the work goes on."""
        events = self._wait_for_events()
        again = [key for key in events if self.dice.random() < 1 / 3]
        shuffled = [*events, *again]
        self.dice.shuffle(shuffled)
        self.counts["events"] = len(shuffled)
        over = threading.Event()
        with ThreadPoolExecutor(DOORS // 2) as workers:
            work = [workers.submit(self._work_until, over) for _ in range(DOORS // 2)]
            try:
                self._side_by_side(self._door, shuffled)
            finally:
                over.set()
            for worker in work:
                worker.result()

    def _wait_for_events(self) -> list[str]:
        """What was announced, until every object was, and no more comes."""
        missing, told = {*self.uploads, *self.captures}, []
        end = time.monotonic() + 300
        while (announced := self.take_announced()) or missing:
            assert time.monotonic() < end, f"never announced: {sorted(missing)[:5]}"
            told += [key for key in announced if key.startswith((PACKAGES, CAPTURES))]
            missing.difference_update(announced)
        return told

    def _door(self, key: str) -> None:
        door: Callable[[str], object] = self.app.announce_capture
        if key.startswith(PACKAGES):
            door = self.app.register_upload
        self._like_a_function(lambda: door(key))

    def _work_until(self, over: threading.Event) -> None:
        while not over.is_set():
            if not self._work():
                over.wait(0.2)

    def _work(self) -> bool:
        """Take the steps of some messages, one in ten of them twice; whether there were any."""
        deliveries = self.app.receive_work()
        for delivery in deliveries:
            times = 2 if self.dice.random() < 0.1 else 1
            for _ in range(times):
                self._like_a_function(lambda delivery=delivery: self.app.do_work(delivery))
            self.counts["steps of work"] += times
        return bool(deliveries)

    def _settle(self) -> None:
        """Turn the clock and work until everything rests."""
        end = time.monotonic() + END_SECONDS
        while True:
            assert time.monotonic() < end, "it does not come to rest"
            self._side_by_side(lambda _: self._work_off(), range(DOORS // 2))
            if self._is_at_rest():
                return
            self._like_a_function(self.app.tick)
            # What waits now waits for a time to pass: a delay, or a delivery that was lost.
            time.sleep(PAUSE_SECONDS)

    def _work_off(self) -> None:
        while self._work():
            pass

    def _is_at_rest(self) -> bool:
        queue = self.ports.queue
        if queue.depth("work") or queue.depth("captures"):
            return False
        return all(stored.value.state == "succeeded" for stored in read_runs(self.ports))

    def _like_a_function(self, call: Callable[[], object]) -> None:
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


class StormPromises:
    """What is true after a storm. Inherit, and give `storm`: one that has raged, for all tests."""

    def test_faults_of_each_kind_fell_on_the_requests(self, storm: Storm) -> None:
        counts = storm.weather.counts
        faults = [counts[kind] for kind in FAULTS]
        assert min(faults) > 0
        assert 0.03 < sum(faults) / counts["requests"] < 0.07

    def test_every_upload_is_one_version_and_each_package_one(self, storm: Storm) -> None:
        for service in SERVICES:
            versions = [stored.value for stored in read_versions(storm.ports.registry, service)]
            assert [v.number for v in versions] == list(range(1, PACKAGES_EACH + 1))
            assert len({v.digest for v in versions}) == PACKAGES_EACH
            assert {v.state for v in versions} == {VersionState.PROVED}
            uploaded = {storm.uploads[v.uploaded_key] for v in versions}
            kept = {storm.ports.objects.get(package_key(service, v.number)) for v in versions}
            assert kept == uploaded

    def test_each_step_of_each_version_was_taken_once(self, storm: Storm) -> None:
        for service in SERVICES:
            ledger = storm.ports.registry.ledger(service)
            assert [entry.sequence for entry in ledger] == list(range(1, len(ledger) + 1))
            taken = Counter((e.action, (e.details or {}).get("version")) for e in ledger)
            for action in ("version uploaded", "build started", "version built", "version proved"):
                for number in range(1, PACKAGES_EACH + 1):
                    assert taken[action, number] == 1
            assert taken["service created", None] == 1
        builder = storm.ports.builder
        assert isinstance(builder, StandInBuilder)
        assert len(builder.builds) == len(SERVICES) * PACKAGES_EACH

    def test_the_newest_version_is_live_and_runs_alone(self, storm: Storm) -> None:
        for service in SERVICES:
            assert read_service(storm.ports.registry, service).value.live == PACKAGES_EACH
        assert isinstance(storm.ports.runtime, StandInRuntime)
        running = {(s.service, s.version) for s in storm.ports.runtime.deployments()}
        assert running == {(service, PACKAGES_EACH) for service in SERVICES}

    def test_every_capture_is_counted_once_in_the_statistics(self, storm: Storm) -> None:
        wanted = Counter(Partition.of_key(key) for key in storm.captures)
        shown = {
            Partition(row.web_service_name, 1, row.prediction_date): row.n
            for service in SERVICES
            for row in storm.ports.statistics.read(service)
        }
        assert shown == wanted
        assert sum(shown.values()) == CAPTURE_OBJECTS

    def test_no_message_was_given_up(self, storm: Storm) -> None:
        for queue in ("work", "captures", "alerts"):
            assert storm.ports.queue.set_aside(queue) == []

    def test_the_objects_are_what_was_put(self, storm: Storm) -> None:
        found = [info.key for info in storm.ports.objects.scan(CAPTURES)]
        assert found == sorted(storm.captures)
