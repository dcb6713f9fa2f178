"""The host on one machine: watches the bucket, drains the queues, ticks the clock, serves HTTP."""

import argparse
import signal
import sys
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from functions.local.engine import settle_engine
from functions.local.home import HomeLock
from functions.local.loops import Loops
from functions.local.own_certificate import choose_certificate, own_certificate
from functions.local.port import HOST, Stopped
from functions.local.web_server import WebServer
from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.errors import ScienceOpsError
from scienceops.logs import configure_logs

#: How often a certificate of our own is looked at.
RENEW_SECONDS = 3600


def main() -> int:
    """Serve the home until SIGINT or SIGTERM; the exit code: 1 when it could not."""
    parser = argparse.ArgumentParser(prog="scienceops up")
    parser.add_argument("--port", type=int, default=8400)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--cert", type=Path)
    parser.add_argument("--key", type=Path)
    asked = parser.parse_args()
    configure_logs()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        # Whatever was started is ended, in the opposite order, however far the start came.
        with ExitStack() as started:
            serve(asked, stop, started)
    except Stopped:
        return 0
    except ScienceOpsError as error:
        sys.stderr.write(f"scienceops: {error}\n")
        return 1
    return 0


def serve(asked: argparse.Namespace, stop: threading.Event, started: ExitStack) -> None:
    """Start everything and keep it until told to stop; `started` is told how each is ended.

    Raises ScienceOpsError when a part cannot be started, and Stopped when told to stop meanwhile.
    """
    settings = load_settings()
    lock = HomeLock(settings.home)
    started.callback(lock.release)
    certificate = choose_certificate(settings.home, asked.cert, asked.key) if asked.tls else None
    gateway = WebServer(
        "functions.local.http",
        asked.port,
        settings.home / "logs" / "gateway.log",
        [str(certificate.path), str(certificate.key_path)] if certificate else [],
        stop=stop,
        remedy="choose another with `--port N`",
        https=certificate is not None,
    )
    containers = settle_engine(settings, stop)
    # Links in alerts lead to this gateway unless people reach it in another way.
    url = f"{'https' if certificate else 'http'}://{HOST}:{asked.port}"
    settings = containers.settings.model_copy(update={"public_url": settings.public_url or url})
    servers = [server for server in (containers.registry, gateway) if server is not None]
    loops = Loops(build_app(settings))
    if containers.registry is not None:
        started.callback(containers.registry.stop)
        containers.registry.start()
    started.callback(loops.stop)
    loops.start()
    started.callback(gateway.stop)
    gateway.start()
    served = {"certificate": str(certificate.path)} if certificate else {}
    lock.say(pid=lock.pid, port=asked.port, url=url, **served)
    sys.stdout.write(f"ScienceOps is up at {url} (home {settings.home}, pid {lock.pid})\n")
    sys.stdout.write(f"{containers.told}\n")
    sys.stdout.write("To decide on its pages: scienceops tokens create YOUR-NAME --role operator\n")
    sys.stdout.flush()
    renew_at = time.monotonic() + RENEW_SECONDS
    while not stop.wait(1):
        for server in servers:
            server.keep()
        if asked.tls and not asked.cert and time.monotonic() > renew_at:
            # The gateway reads the file for each connection, so a renewed one is served at once.
            own_certificate(settings.home, datetime.now(UTC))
            renew_at = time.monotonic() + RENEW_SECONDS


if __name__ == "__main__":
    sys.exit(main())
