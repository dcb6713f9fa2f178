"""Stand-in for the host of Azure Functions: it calls a real app in the real Python runtime.

`python -m emulators.functions_host APP_FOLDER PORT TIMER_SECONDS`. It reads host.json and the
queues of AzureWebJobsStorage as the host does: hides a message, deletes it when the function
returns, gives it back when it raises, and moves it to the poison queue after the last delivery.
Timers fire every TIMER_SECONDS; schedules, scaling and the keys of the host are not covered.
"""

import contextlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import (
    QueueClient,
    QueueMessage,
    TextBase64DecodePolicy,
    TextBase64EncodePolicy,
)
from emulators.functions_runtime import FunctionsRuntime, InvocationFailed, LoadFailed
from emulators.vault_file import use_vault_file
from werkzeug import Request, Response
from werkzeug.serving import make_server

log = logging.getLogger("functions_host")

#: How long the host hides a message that it works on: ten minutes, unless a test wants to see
#: sooner what becomes of one whose host was killed.
HIDDEN_SECONDS = int(os.environ.get("STAND_IN_HIDDEN_SECONDS", "600"))
IDLE_SECONDS = 0.05
#: Without this app setting the host answers for the first page itself.
NO_HOMEPAGE = "AzureWebJobsDisableHomepage"


class StorageQueueTrigger:
    """Calls a function for each message of its queue, several at a time."""

    def __init__(self, runtime: FunctionsRuntime, name: str, host: dict[str, Any]) -> None:
        self._runtime = runtime
        self._name = name
        self._most = host["batchSize"]
        self._deliveries = host["maxDequeueCount"]
        hours, minutes, seconds = map(int, host["visibilityTimeout"].split(":"))
        self._again = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        trigger = runtime.trigger(name)
        self._queue = _open_queue(trigger["connection"], trigger["queueName"])
        self._poison = _open_queue(trigger["connection"], trigger["queueName"] + "-poison")
        self._pool = ThreadPoolExecutor(self._most)

    def turn(self) -> bool:
        """Take what is there; whether there was anything."""
        messages = list(
            self._queue.receive_messages(max_messages=self._most, visibility_timeout=HIDDEN_SECONDS)
        )
        list(self._pool.map(self._handle, messages))
        return bool(messages)

    def _handle(self, message: QueueMessage) -> None:
        times = {
            "ExpirationTime": message.expires_on,
            "InsertionTime": message.inserted_on,
            "NextVisibleTime": message.next_visible_on,
        }
        metadata = {
            "Id": {"string": message.id},
            "PopReceipt": {"string": message.pop_receipt},
            "DequeueCount": {"json": json.dumps(message.dequeue_count)},
            **{name: {"json": json.dumps(at.isoformat())} for name, at in times.items()},
        }
        try:
            self._runtime.invoke(self._name, {"string": message.content}, metadata)
        except InvocationFailed as error:
            log.warning("%s failed, delivery %s: %s", self._name, message.dequeue_count, error)
            self._give_back(message)
        else:
            with _taken_over():
                self._queue.delete_message(message.id, message.pop_receipt)

    def _give_back(self, message: QueueMessage) -> None:
        if message.dequeue_count < self._deliveries:
            with _taken_over():
                self._queue.update_message(
                    message.id,
                    message.pop_receipt,
                    visibility_timeout=int(self._again.total_seconds()),
                )
            return
        self._poison.send_message(message.content)
        with _taken_over():
            self._queue.delete_message(message.id, message.pop_receipt)


@contextlib.contextmanager
def _taken_over() -> Any:
    """The host lets go of a message that is gone, or that somebody else has changed since."""
    try:
        yield
    except ResourceNotFoundError:
        pass
    except HttpResponseError as error:
        if error.error_code != "PopReceiptMismatch":
            raise


def _open_queue(connection: str, name: str) -> QueueClient:
    queue = QueueClient.from_connection_string(
        os.environ[connection],
        name,
        message_encode_policy=TextBase64EncodePolicy(),
        message_decode_policy=TextBase64DecodePolicy(),
    )
    with contextlib.suppress(ResourceExistsError):
        queue.create_queue()
    return queue


def web_app(runtime: FunctionsRuntime, name: str) -> Callable[..., Any]:
    """A WSGI app that answers every request by the HTTP function."""

    @Request.application
    def answer(request: Request) -> Response:
        if request.path == "/" and os.environ.get(NO_HOMEPAGE) != "true":
            return Response("Your Functions app is up and running")
        asked = {
            "method": request.method,
            "url": request.host_url.rstrip("/") + request.environ["REQUEST_URI"],
            "headers": {key.lower(): value for key, value in request.headers.items()},
            "query": request.args.to_dict(),
            "params": {"path": request.path.lstrip("/")},
            "body": {"bytes": _handed_on(request)},
        }
        try:
            got = runtime.invoke(name, {"http": asked}).http
        except InvocationFailed as error:
            log.warning("%s failed: %s", name, error)
            return Response(status=500)
        reply = Response(got.body.bytes, status=int(got.status_code), headers=dict(got.headers))
        for cookie in got.cookies:
            reply.set_cookie(
                cookie.name, cookie.value, path=cookie.path.value or "/", httponly=True
            )
        return reply

    return answer


def _handed_on(request: Request) -> bytes:
    """The body, as far as the host hands it on: of one without its length, nothing."""
    return request.get_data() if request.content_length else b""


def main(app_folder: Path, port: int, timer_seconds: float) -> int:
    """Serve until told to stop; 1 and the runtime's own words when the app does not load."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    for noisy in ("azure.core", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    host = json.loads((app_folder / "host.json").read_text())["extensions"]["queues"]
    use_vault_file()
    try:
        runtime = FunctionsRuntime(app_folder)
    except LoadFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def repeat(turn: Callable[[], object], pause: float) -> None:
        while not stop.is_set():
            try:
                worked = turn()
            except Exception:  # As the host: it goes on.
                log.exception("a trigger failed")
                worked = None
            if not worked:
                stop.wait(pause)

    def fire(name: str) -> None:
        try:
            runtime.invoke(name, {"json": json.dumps({"IsPastDue": False})})
        except InvocationFailed as error:
            log.warning("%s failed: %s", name, error)

    for name in runtime.functions:
        kind = runtime.trigger(name)["type"]
        if kind == "queueTrigger":
            turn: Callable[[], object] = StorageQueueTrigger(runtime, name, host).turn
            threading.Thread(target=repeat, args=(turn, IDLE_SECONDS), daemon=True).start()
        elif kind == "timerTrigger":
            turn = lambda name=name: fire(name)  # noqa: E731  # Bound to this name.
            threading.Thread(target=repeat, args=(turn, timer_seconds), daemon=True).start()
        else:
            server = make_server("127.0.0.1", port, web_app(runtime, name), threaded=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not stop.wait(0.1):
        pass
    time.sleep(0.2)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
