"""The doors on one machine: parse the trigger, call one App method, reply."""

from collections.abc import Mapping
from typing import Any

from scienceops.app import App
from scienceops.core.names import CAPTURES, LABELS, PACKAGES
from scienceops.ports.message_queue import Delivery


def on_model_upload(event: Mapping[str, Any], app: App) -> None:
    """A file came to rest under packages/ of the folder bucket."""
    app.register_upload(event["key"])


def on_work(delivery: Delivery, app: App) -> None:
    """A message of queue `work`."""
    app.do_work(delivery)


def on_alert(delivery: Delivery, app: App) -> None:
    """A message of queue `alerts`."""
    app.send_alert(delivery)


def on_capture(event: Mapping[str, Any], app: App) -> None:
    """An object was created under captures/ or labels/."""
    app.announce_capture(event["key"])


def on_timer(app: App) -> None:
    """The local clock turned."""
    app.tick()


def on_event(event: Mapping[str, Any], app: App) -> None:
    """An object was created: hand it to the door of its place, if there is one."""
    key = str(event["key"])
    if key.startswith(PACKAGES):
        on_model_upload(event, app)
    elif key.startswith((CAPTURES, LABELS)):
        on_capture(event, app)
