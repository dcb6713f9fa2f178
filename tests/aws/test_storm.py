"""A storm on an emulated account: thousands of events, twice and shuffled, while requests fail.

Nothing is lost and nothing is done twice. What is real and what is a stand-in: storm.py.
"""

import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from aws.storm import CAPTURE_OBJECTS, PACKAGES_EACH, SERVICES, Storm
from aws.weather import FAULTS
from emulators.account import Account
from emulators.aws import point_sdk_at
from emulators.child import Emulator

from scienceops.core.names import CAPTURES, Partition, package_key
from scienceops.core.versions import VersionState
from scienceops.usecases.records import read_service, read_versions


@pytest.fixture(scope="module")
def storm(ministack: Emulator) -> Iterator[Storm]:
    """The platform after the storm; what it counted goes to the terminal."""
    with pytest.MonkeyPatch.context() as patch:
        point_sdk_at(ministack.url, patch)
        storm = Storm(Account())
        storm.break_loose()
        counts = {**storm.counts, **storm.weather.counts}
        assert sys.__stdout__ is not None
        sys.__stdout__.write(f"\nStorm: {counts}\n")
        yield storm


def test_faults_of_each_kind_fell_on_the_requests(storm: Storm) -> None:
    counts = storm.weather.counts
    assert min(counts[kind] for kind in FAULTS) > 0
    assert 0.03 < sum(counts[kind] for kind in FAULTS) / counts["requests"] < 0.07


def test_every_upload_is_one_version_and_each_package_one(storm: Storm) -> None:
    for service in SERVICES:
        versions = [stored.value for stored in read_versions(storm.ports.registry, service)]
        assert [v.number for v in versions] == list(range(1, PACKAGES_EACH + 1))
        assert len({v.digest for v in versions}) == PACKAGES_EACH
        assert {v.state for v in versions} == {VersionState.PROVED}
        uploaded = {storm.uploads[v.uploaded_key] for v in versions}
        kept = {storm.ports.objects.get(package_key(service, v.number)) for v in versions}
        assert kept == uploaded


def test_each_step_of_each_version_was_taken_once(storm: Storm) -> None:
    for service in SERVICES:
        ledger = storm.ports.registry.ledger(service)
        assert [entry.sequence for entry in ledger] == list(range(1, len(ledger) + 1))
        taken = Counter((e.action, (e.details or {}).get("version")) for e in ledger)
        for action in ("version uploaded", "build started", "version built", "version proved"):
            for number in range(1, PACKAGES_EACH + 1):
                assert taken[action, number] == 1
        assert taken["service created", None] == 1
    assert len(storm.ports.builder.builds) == len(SERVICES) * PACKAGES_EACH


def test_the_newest_version_is_live_and_runs_alone(storm: Storm) -> None:
    for service in SERVICES:
        assert read_service(storm.ports.registry, service).value.live == PACKAGES_EACH
    running = {(s.service, s.version) for s in storm.ports.runtime.deployments()}
    assert running == {(service, PACKAGES_EACH) for service in SERVICES}


def test_every_capture_is_counted_once_in_the_statistics(storm: Storm) -> None:
    wanted = Counter(Partition.of_key(key) for key in storm.captures)
    shown = {
        Partition(row.web_service_name, 1, row.prediction_date): row.n
        for service in SERVICES
        for row in storm.ports.statistics.read(service)
    }
    assert shown == wanted
    assert sum(shown.values()) == CAPTURE_OBJECTS


def test_no_message_was_given_up(storm: Storm) -> None:
    for queue in ("work", "captures", "alerts"):
        assert storm.ports.queue.set_aside(queue) == []


def test_the_objects_are_what_was_put(storm: Storm) -> None:
    found = [info.key for info in storm.ports.objects.scan(CAPTURES)]
    assert found == sorted(storm.captures)
