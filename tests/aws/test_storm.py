"""A storm on an emulated account: thousands of events, twice and shuffled, while requests fail.

Nothing is lost and nothing is done twice. What is real and what is a stand-in: storm.py.
"""

import sys
from collections.abc import Iterator

import pytest
from aws.storm import Storm
from emulators.account import Account
from emulators.aws import point_sdk_at
from emulators.child import Emulator
from storm import StormPromises


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


class TestAwsStorm(StormPromises):
    """Nothing was lost, and nothing done twice."""
