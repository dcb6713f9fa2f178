"""Request ids: one maker of many gives what the standard library's HMAC proves."""

import pytest

from scienceops.core.ids import RequestIds, was_answered_with

AT_MS = 1_700_000_000_123
RANDOM = bytes(range(240, 250))


@pytest.mark.parametrize(
    ("key", "identity"),
    [
        ("k" * 64, "018bcfe5-687b-73c7-b2f3-f4f580ec982c"),
        ("k" * 65, "018bcfe5-687b-73c7-b2f3-f4f57fc3af5d"),
    ],
)
def test_ids_are_those_of_earlier_releases(key, identity):
    assert RequestIds(key).make(AT_MS, RANDOM) == identity


@pytest.mark.parametrize("key", ["", "k", "ключ", "k" * 64, "k" * 200])
def test_each_id_of_a_maker_is_proved_by_its_key_alone(key):
    ids = RequestIds(key)
    for number in range(50):
        identity = ids.make(AT_MS + number, number.to_bytes(10, "big"))
        assert was_answered_with(key, identity)
        assert not was_answered_with(key + "x", identity)
