"""Webhook: post one event to an address, within a time, following nobody's redirects."""

import http.client
import json
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from scienceops import __version__
from scienceops.core.alerts import CONTENT_TYPE, check_alert_url

TIMEOUT_SECONDS = 5.0


def post_event(url: str, event: Mapping[str, Any], timeout_seconds: float = TIMEOUT_SECONDS) -> str:
    """Empty when the receiver answered 2xx within the time, else why not, in words.

    A redirect is a refusal: whoever answers for an address must not choose where this one posts.
    """
    parts = urlsplit(check_alert_url(url))
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_seconds)
    # The time-out of a socket starts anew with each byte, so a slow talker needs this one.
    late = threading.Event()
    timer = threading.Timer(timeout_seconds, _hang_up, (connection, late))
    timer.daemon = True
    try:
        connection.connect()
        timer.start()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": CONTENT_TYPE, "User-Agent": f"scienceops/{__version__}"}
        connection.request("POST", target, json.dumps(dict(event)).encode(), headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        if late.is_set() or isinstance(error, TimeoutError):
            return f"no answer within {timeout_seconds:g} s"
        return f"{type(error).__name__}: {error}"[:300]
    finally:
        timer.cancel()
        connection.close()
    if 200 <= status < 300:
        return ""
    more = " (redirects are not followed)" if 300 <= status < 400 else ""
    return f"the receiver answered {status}{more}"


def _hang_up(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    # It may be closed already, at the end of an exchange that was just in time.
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
