"""Ports of this machine for servers that are started later: no other process of the tests gets one
meanwhile, nor does the kernel give one to a connection or to whoever asks for any port."""

import fcntl
import os
import random
import socket
import tempfile
import threading
from pathlib import Path

#: Where the kernel says from which to which port it takes those that nobody asked for by number.
KERNELS_OWN = Path("/proc/sys/net/ipv4/ip_local_port_range")
#: Chromium opens no page on 10080.
FIRST, LAST = 11_000, 65_000

#: What this process was given, and the file whose bytes it has locked, one for each port. A lock
#: ends with its process, however that ends.
_given: set[int] = set()
_locks: list[int] = []
#: Threads of one process pass each other's locks.
_turn = threading.Lock()


def free_ports(number: int) -> list[int]:
    """So many ports that nobody listens on and nobody else is given while this process lives."""
    with _turn:
        return _take(number)


def _take(number: int) -> list[int]:
    if not _locks:
        place = Path(tempfile.gettempdir()) / f"scienceops-test-ports-{os.getuid()}"
        _locks.append(os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    taken: list[int] = []
    candidates = candidates_of(kernels_own())
    random.SystemRandom().shuffle(candidates)
    for port in candidates:
        if len(taken) == number:
            break
        if port not in _given and _lock(port):
            _given.add(port)
            if _is_free(port):
                taken.append(port)
    assert len(taken) == number, f"wanted {number} free ports, found {len(taken)}"
    return taken


def kernels_own() -> range:
    """The ports that the kernel may take at any moment."""
    try:
        first, last = map(int, KERNELS_OWN.read_text().split())
    except FileNotFoundError:
        # Source: RFC 6335, section 6: the dynamic ports.
        first, last = 49152, 65535
    return range(first, last + 1)


def candidates_of(kernels: range) -> list[int]:
    """Ports outside of the kernel's; all, where it may take nearly any."""
    outside = [port for port in range(FIRST, LAST) if port not in kernels]
    return outside if len(outside) >= 1000 else list(range(FIRST, LAST))


def _lock(port: int) -> bool:
    try:
        fcntl.lockf(_locks[0], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    """Whether it could be bound to, at any address of this machine."""
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
