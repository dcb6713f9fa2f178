"""A port of this machine: waited for until it is free, and asked whether somebody answers there."""

import contextlib
import errno
import socket
import ssl
import sys
import threading
import time

from scienceops.errors import BadSetting

HOST = "127.0.0.1"
#: The server of a host that was killed frees its port a moment after it.
PORT_SECONDS = 10

_ASK = f"GET /healthz HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode()


class Stopped(Exception):
    """The host was told to stop while it waited for a server."""


def answers(port: int, *, https: bool) -> bool:
    """Whether an answer of any kind comes: a port is open before the app behind it is there."""
    with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
        wire: socket.socket = opened.enter_context(
            socket.create_connection((HOST, port), timeout=1)
        )
        if https:
            # Who may be trusted is for callers to say; here only whether it speaks.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            wire = opened.enter_context(context.wrap_socket(wire))
        wire.sendall(_ASK)
        return bool(wire.recv(1))
    return False


def wait_for_port(port: int, remedy: str, stop: threading.Event) -> None:
    """Return once the port can be served at; raises BadSetting with the remedy when it cannot, and
    Stopped once `stop` is set.
    """
    end = time.monotonic() + PORT_SECONDS
    told = False
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                # Only what is in use now may be free soon.
                if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                    raise BadSetting(
                        f"port {port} on {HOST} cannot be used ({error.strerror}): {remedy}"
                    ) from None
                if not told:
                    sys.stderr.write(
                        f"port {port} on {HOST} is in use: waiting up to {PORT_SECONDS} s "
                        "for a server that is about to end\n"
                    )
                    sys.stderr.flush()
                    told = True
            else:
                return
        if stop.wait(0.1):
            raise Stopped
