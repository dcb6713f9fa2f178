"""Large bodies to and from a scorer: in pieces, with their length, from the start, in time."""

import hashlib
import resource
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest
from contract.waiting import PATIENCE
from listening_scorer import listening_scorer

from scienceops.adapters.scoring import scorer_client
from scienceops.adapters.scoring.scorer_client import ScorerClient
from scienceops.bodies import FileBody, gather, whole
from scienceops.errors import NoRoomForBody, ServiceNotReady

MIB = 1024 * 1024
PIECES = [bytes([number]) * MIB for number in range(14)]
SHA256 = hashlib.sha256(b"".join(PIECES)).hexdigest()


@pytest.fixture
def scorer(tmp_path):
    with listening_scorer(tmp_path) as scorer:
        yield scorer


@pytest.fixture
def client():
    return ScorerClient()


@pytest.fixture
def body():
    return gather(iter(PIECES))


def post(client, scorer, body, seconds=20 * PATIENCE):
    return client.call(scorer.endpoint, "POST", "/score", {}, body, seconds)


def test_a_body_in_a_file_comes_with_its_length_as_one_in_memory_does(client, scorer, body):
    for sent in (body, whole(body)):
        assert post(client, scorer, sent).status == 200
    first, second = scorer.heard
    assert first == second
    assert (first.sha256, first.told_size) == (SHA256, str(14 * MIB))


def test_neither_body_nor_reply_is_held_in_memory(client, scorer, body):
    scorer.answer = PIECES
    tracemalloc.start()
    try:
        reply = post(client, scorer, body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert scorer.heard[0].sha256 == SHA256
    assert (len(reply.body), peak < 4 * MIB) == (14 * MIB, True), peak


def test_calls_beside_each_other_send_the_same_file(client, scorer, body):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: post(client, scorer, body), range(8)))
    assert {heard.sha256 for heard in scorer.heard} == {SHA256}
    assert len(scorer.heard) == 8


def test_a_kept_connection_that_had_closed_is_replaced_and_gets_it_from_the_start(
    client, scorer, body, monkeypatch
):
    post(client, scorer, b"")
    [kept] = client._idle[scorer.endpoint]
    # The scorer closes it in the moment in which it is taken up: after the look at it.
    monkeypatch.setattr(scorer_client._Connection, "is_quiet", lambda _: True)
    kept.sock.shutdown(2)
    assert post(client, scorer, body).status == 200
    assert [heard.connection for heard in scorer.heard] == [1, 2]
    assert scorer.heard[1].sha256 == SHA256


def test_the_time_given_is_for_all_pieces_together(client, scorer, body):
    # Every piece is taken within it.
    scorer.seconds_per_piece = 0.05
    began = time.monotonic()
    with pytest.raises(ServiceNotReady, match="longer than the time given"):
        post(client, scorer, body, seconds=0.5)
    # All of them take longer than this.
    assert time.monotonic() - began < 2 * PATIENCE


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_reply_is_a_file_and_its_connection_is_kept(client, scorer, chunked):
    scorer.answer, scorer.chunked = PIECES, chunked
    for _ in range(2):
        reply = post(client, scorer, b"")
        assert isinstance(reply.body, FileBody)
        assert hashlib.sha256(reply.content).hexdigest() == SHA256
    assert [heard.connection for heard in scorer.heard] == [1, 1]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_small_reply_is_bytes(client, scorer, chunked):
    scorer.answer, scorer.chunked = [b"one", b"two"], chunked
    assert post(client, scorer, b"").body == b"onetwo"


def test_a_large_reply_that_breaks_off_is_no_reply(client, scorer):
    scorer.answer, scorer.withheld = PIECES, 10
    with pytest.raises(ServiceNotReady, match="IncompleteRead"):
        post(client, scorer, b"")


def test_a_reply_that_the_disk_does_not_take_is_told_and_its_connection_closed(client, scorer):
    scorer.answer = PIECES
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, before[1]))
    try:
        with pytest.raises(NoRoomForBody):
            post(client, scorer, b"")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    post(client, scorer, b"")
    assert [heard.connection for heard in scorer.heard] == [1, 2]
