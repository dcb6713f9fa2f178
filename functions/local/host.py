"""The host on one machine: watches the bucket, drains the queues, ticks the clock, serves HTTP."""

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from functions.local import doors
from functions.local.certificate import Certificate, given_certificate, own_certificate
from functions.local.engine import settle_engine
from functions.local.home import HomeLock
from functions.local.watch import PackageWatch
from functions.local.web_server import HOST, WebServer
from scienceops.app import App
from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.errors import ScienceOpsError
from scienceops.logs import configure_logs

if TYPE_CHECKING:
    from scienceops.adapters.local.service_runtime import ProcessServiceRuntime

log = logging.getLogger("functions.local.host")

IDLE_SECONDS = 0.1
DRAIN_SECONDS = 45
#: How often a certificate of our own is looked at.
RENEW_SECONDS = 3600


class Host:
    """Runs each door in a loop of its own until told to stop."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.stopping = threading.Event()
        bucket = app.settings.home / "bucket"
        self._watch = PackageWatch(bucket, app.settings.upload_settle_seconds)

    def start(self) -> None:
        """Bring back what should run, then start the loops."""
        self.app.resume()
        every = self.app.settings
        for name, turn, pause in (
            ("uploads", self._look_at_packages, every.upload_poll_seconds),
            ("events", self._drain_events, IDLE_SECONDS),
            ("work-1", self._drain_work, IDLE_SECONDS),
            ("work-2", self._drain_work, IDLE_SECONDS),
            # Loops of their own, so that a receiver that does not answer holds up nothing else.
            ("alerts-1", self._drain_alerts, IDLE_SECONDS),
            ("alerts-2", self._drain_alerts, IDLE_SECONDS),
            ("timer", lambda: doors.on_timer(self.app), every.tick_seconds),
        ):
            threading.Thread(target=self._repeat, args=(turn, pause), name=name).start()

    def stop(self) -> None:
        """End the loops, then let every scorer answer what it has and ship its captures."""
        self.stopping.set()
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join(DRAIN_SECONDS)
        runtime = cast("ProcessServiceRuntime", self.app.ports.runtime)
        for status in runtime.deployments():
            runtime.stop(status.service, status.version)
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end and runtime.is_draining():
            time.sleep(IDLE_SECONDS)

    def _repeat(self, turn: Callable[[], object], pause: float) -> None:
        while not self.stopping.is_set():
            try:
                worked = turn()
            except Exception:  # A door's failure is retried; the loop goes on.
                log.exception("door failed")
                worked = None
            if not worked:
                self.stopping.wait(pause)

    def _look_at_packages(self) -> None:
        for event in self._watch.look():
            doors.on_model_upload(event, self.app)
            self._watch.announced(event)

    def _drain_events(self) -> bool:
        deliveries = self.app.ports.queue.receive("events", most=1, visibility_seconds=60)
        for delivery in deliveries:
            doors.on_event(delivery.body, self.app)
            self.app.ports.queue.acknowledge(delivery)
        return bool(deliveries)

    def _drain_work(self) -> bool:
        deliveries = self.app.receive_work(most=1)
        for delivery in deliveries:
            doors.on_work(delivery, self.app)
        return bool(deliveries)

    def _drain_alerts(self) -> bool:
        deliveries = self.app.receive_alerts()
        for delivery in deliveries:
            doors.on_alert(delivery, self.app)
        return bool(deliveries)


def choose_certificate(asked: argparse.Namespace, home: Path) -> Certificate | None:
    """What to serve HTTPS by; None for plain HTTP."""
    if not asked.tls:
        return None
    if asked.cert and asked.key:
        return given_certificate(asked.cert, asked.key, datetime.now(UTC))
    return own_certificate(home, datetime.now(UTC))


def main() -> int:
    """Serve the home until SIGINT or SIGTERM."""
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
        settings = load_settings()
        lock = HomeLock(settings.home)
        certificate = choose_certificate(asked, settings.home)
        gateway = WebServer(
            "functions.local.http",
            asked.port,
            settings.home / "logs" / "gateway.log",
            [str(certificate.path), str(certificate.key_path)] if certificate else [],
            remedy="choose another with `scienceops up --port N`",
        )
        containers = settle_engine(settings)
    except ScienceOpsError as error:
        sys.stderr.write(f"scienceops: {error}\n")
        return 1
    # Links in alerts lead to this gateway unless people reach it in another way.
    url = f"{'https' if certificate else 'http'}://{HOST}:{asked.port}"
    settings = containers.settings.model_copy(update={"public_url": settings.public_url or url})
    servers = [server for server in (containers.registry, gateway) if server is not None]
    host = Host(build_app(settings))
    if containers.registry is not None:
        containers.registry.start()
    host.start()
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
    gateway.stop()
    host.stop()
    if containers.registry is not None:
        containers.registry.stop()
    lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
