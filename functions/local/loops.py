"""The loops of one `up`: each door is asked again and again until the host is told to stop."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from functions.local import doors
from functions.local.watch import PackageWatch
from scienceops.adapters.local.renewed_images import renew_images
from scienceops.app import App

if TYPE_CHECKING:
    from scienceops.adapters.local.service_runtime import ProcessServiceRuntime

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.1
DRAIN_SECONDS = 45


class Loops:
    """Runs each door in a loop of its own until told to stop."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.stopping = threading.Event()
        bucket = app.settings.home / "bucket"
        self._watch = PackageWatch(bucket, app.settings.upload_settle_seconds)

    def start(self) -> None:
        """Bring back what should run, then start the loops."""
        renew_images(self.app.settings.home, self.app.ports.registry)
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
            try:
                doors.on_model_upload(event, self.app)
            except Exception:  # It comes again; the uploads after it are not to blame.
                log.exception("upload failed", extra={"key": event["key"]})
                continue
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
