"""The ports that tests give to servers: nobody else gets one between the question and the bind."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import ports
import pytest

#: A process that wants one of the ports on its command line, and says how that went.
OTHER = """
import sys, ports
ports.candidates_of = lambda _: [int(word) for word in sys.argv[1:]]
try:
    print(*ports.free_ports(1))
except AssertionError as error:
    print(error)
"""


def told_by_another(*wanted: int) -> str:
    done = subprocess.run(
        [sys.executable, "-c", OTHER, *map(str, wanted)],
        env={**os.environ, "PYTHONPATH": str(Path(ports.__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_what_one_process_was_given_no_other_gets_though_nobody_listens_yet() -> None:
    given = ports.free_ports(3)
    assert told_by_another(*given) == "wanted 1 free ports, found 0"


def test_what_a_process_was_given_that_has_ended_is_given_again() -> None:
    # Of those that no test is given.
    first = told_by_another(*range(ports.FIRST - 1000, ports.FIRST))
    assert told_by_another(int(first)) == first


def test_none_is_one_that_the_kernel_may_give_to_a_connection() -> None:
    kernels = range(32768, 61000)
    assert set(ports.candidates_of(kernels)) == set(range(ports.FIRST, ports.LAST)) - set(kernels)
    # Where the kernel takes nearly any, there are no others.
    assert len(ports.candidates_of(range(1024, 65536))) == ports.LAST - ports.FIRST


def test_one_that_somebody_listens_on_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(ports, "candidates_of", lambda _: [server.getsockname()[1]])
        with pytest.raises(AssertionError, match="wanted 1 free ports, found 0"):
            ports.free_ports(1)
