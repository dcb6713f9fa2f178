"""A post ends within its time, whatever the receiver does, and goes nowhere else."""

import contextlib
import socket
import threading
import time

import pytest
from contract.waiting import PATIENCE
from ports import free_ports
from receiver import Receiver

from scienceops.webhook import post_event


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


def test_an_event_arrives_as_a_structured_cloud_event(receiver):
    assert post_event(receiver.url, {"id": "1"}) == ""
    assert receiver.took == [{"id": "1"}]
    assert receiver.types == ["application/cloudevents+json; charset=utf-8"]


def test_a_refusal_is_told_with_its_status(receiver):
    receiver.status = 503
    assert post_event(receiver.url, {}) == "the receiver answered 503"


def test_a_redirect_is_not_followed(receiver):
    other = Receiver()
    receiver.status, receiver.headers = 307, {"Location": other.url}
    assert "redirects are not followed" in post_event(receiver.url, {"id": "1"})
    assert other.took == []
    other.close()


def test_a_receiver_that_is_not_there_is_told(receiver):
    url = f"http://127.0.0.1:{free_ports(1)[0]}/"
    assert "refused" in post_event(url, {})


def test_a_receiver_that_hangs_is_left_after_the_time_given(receiver):
    receiver.hold.clear()
    began = time.monotonic()
    assert post_event(receiver.url, {}, 0.5) == "no answer within 0.5 s"
    assert time.monotonic() - began < 3 * PATIENCE


def test_a_receiver_that_answers_a_byte_at_a_time_is_left_after_the_time_given():
    listener = socket.create_server(("127.0.0.1", 0))

    def trickle():
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            while True:
                connection.sendall(b"H")
                time.sleep(0.05)  # The slowness is what is tested.

    thread = threading.Thread(target=trickle)
    thread.start()
    began = time.monotonic()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    assert post_event(url, {}, 0.5) == "no answer within 0.5 s"
    assert time.monotonic() - began < 3 * PATIENCE
    thread.join()
    listener.close()
