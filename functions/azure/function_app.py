"""The doors on Azure: parse the trigger, call one App method, reply (docs/decisions/0013)."""

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

import azure.functions as func

from scienceops.errors import BadInput

if TYPE_CHECKING:
    # A door that is called first pays for what it uses, and the listing of the doors for nothing.
    from scienceops.app import App
    from scienceops.ports.message_queue import Delivery

log = logging.getLogger("scienceops.functions")

STORAGE = "AzureWebJobsStorage"
EVERY_MINUTE = "0 * * * * *"

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.queue_trigger(arg_name="message", queue_name="uploads", connection=STORAGE)
def on_model_upload(message: func.QueueMessage) -> None:
    """A blob was created under packages/: Event Grid said so."""
    _app().register_upload(_key(message))


@app.queue_trigger(arg_name="message", queue_name="captured", connection=STORAGE)
def on_capture(message: func.QueueMessage) -> None:
    """A blob was created under captures/ or labels/: Event Grid said so."""
    try:
        _app().announce_capture(_key(message))
    except BadInput as error:
        # A stray file, or a folder made by hand: no later delivery would go better.
        log.warning("blob passed over", extra={"reason": str(error)})


@app.queue_trigger(arg_name="message", queue_name="work", connection=STORAGE)
def on_work(message: func.QueueMessage) -> None:
    """A message of queue `work`."""
    _app().do_work(_delivery("work", message))


@app.queue_trigger(arg_name="message", queue_name="alerts", connection=STORAGE)
def on_alert(message: func.QueueMessage) -> None:
    """A message of queue `alerts`."""
    _app().send_alert(_delivery("alerts", message))


@app.timer_trigger(arg_name="timer", schedule=EVERY_MINUTE)
def on_timer(timer: func.TimerRequest) -> None:
    """The clock turned."""
    if timer.past_due:
        log.info("the clock was late")
    _app().tick()


@app.route(route="{*path}", methods=list(func.HttpMethod))
def http(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Any HTTP request; the app checks keys and sessions itself."""
    return _web().handle(req, context)  # type: ignore[no-any-return]  # It has no types.


class _Middleware(func.WsgiMiddleware):
    """WsgiMiddleware that lets a reply of 500 and above through, which it takes for a crash."""

    def _handle_errors(self, wsgi_response: Any) -> None:
        """A 503 of ours says in its body what is missing, and in its headers when to come back."""


@cache
def _app() -> "App":
    from scienceops.bootstrap import build_app

    return build_app()


@cache
def _web() -> _Middleware:
    from scienceops.web import create_app
    from scienceops.web.functions_host import behind_host

    site = behind_host(create_app(_app(), _app().settings))
    return _Middleware(site)  # type: ignore[no-untyped-call]  # It has no types.


def _key(message: func.QueueMessage) -> str:
    """The key of the blob that an event of Event Grid is about, in either of its two schemas."""
    return str(message.get_json()["subject"]).partition("/blobs/")[2]


def _delivery(queue: str, message: func.QueueMessage) -> "Delivery":
    from scienceops.adapters.azure.message_queue import receipt_of
    from scienceops.ports.message_queue import Delivery

    receipt = receipt_of(str(message.id), str(message.pop_receipt))
    return Delivery(queue, receipt, message.get_json(), message.dequeue_count or 1)
