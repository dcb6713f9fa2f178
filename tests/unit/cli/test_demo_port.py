"""The demo finds a port, so that the first thing anybody tries does not fail on a taken one."""

import socket

import pytest

from scienceops.demo import host


@pytest.fixture
def taken(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(host, "PORT", other.getsockname()[1])
        yield host.PORT


def test_the_usual_port_is_taken_where_it_is_free(taken, monkeypatch):
    free = host.choose_port(0)
    monkeypatch.setattr(host, "PORT", free)
    assert host.choose_port(None) == free


def test_another_is_taken_where_the_usual_one_is_not_free(taken):
    assert host.choose_port(None) not in (0, taken)


def test_a_port_that_was_asked_for_is_never_replaced(taken):
    assert host.choose_port(taken) == taken
