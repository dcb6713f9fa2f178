"""Health: whether the scorer in this container is alive, for the engine's health check."""

import http.client
import os
import socket
import sys

TIMEOUT_SECONDS = 4


def main(bind: str) -> int:
    """0 when /healthz answers 200 at `HOST:PORT` or `unix:PATH`, else 1."""
    try:
        if bind.startswith("unix:"):
            connection = http.client.HTTPConnection("localhost", timeout=TIMEOUT_SECONDS)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(TIMEOUT_SECONDS)
            connection.sock.connect(bind.removeprefix("unix:"))
        else:
            port = bind.rpartition(":")[2]
            connection = http.client.HTTPConnection(f"127.0.0.1:{port}", timeout=TIMEOUT_SECONDS)
        connection.request("GET", "/healthz")
        return 0 if connection.getresponse().status == 200 else 1
    except (OSError, http.client.HTTPException):
        return 1


if __name__ == "__main__":
    sys.exit(main(os.environ["SCORER_BIND"]))
