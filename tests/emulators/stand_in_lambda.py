"""A stand-in for Lambda with container images: the real runtime client against a runtime API.

Each sandbox is a process that runs the image's command (`PYTHON -m awslambdaric HANDLER`), takes
one event at a time, and is kept for the next. Source: AWS Lambda runtime API, 2018-06-01.
"""

import base64
import json
import queue
import re
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

from emulators.recorder.recorded import recorded_as
from emulators.stand_in_error import ApiError
from emulators.stand_in_image import pull, run_environment
from stand_in_registry import Registry

#: Sandboxes of one function at a time; what comes meanwhile waits, where Lambda would start more.
MOST_SANDBOXES = 2
LOG_BYTES = 4096
_RUNTIME = re.compile(
    r"/2018-06-01/runtime/(?:invocation/(?P<id>[^/]+)/(?P<what>response|error)|init/error)"
)


class StandInLambda:
    def __init__(
        self, folder: Path, registry: Registry, own: Callable[[], Mapping[str, str]]
    ) -> None:
        self._folder = folder / "lambda"
        self._registry = registry
        self._own = own
        self.functions: dict[str, dict[str, Any]] = {}
        self._free: dict[str, queue.Queue[Sandbox | None]] = {}
        self._sandboxes: list[Sandbox] = []
        #: How many events there were, of all functions.
        self.invocations = 0
        #: Whether callers get a 502 when the function has answered.
        self.loses_answers = False
        #: Whether the account has no room for another call.
        self.throttles = False

    def handle_path(self, method: str, path: list[str], given: dict[str, Any]) -> dict[str, Any]:
        name = path[2] if len(path) > 2 else given["FunctionName"]
        if method == "POST":
            return self._create(name, given)
        function = self._known(name)
        if method == "GET":
            # It takes a moment before a new function can be called.
            old = time.monotonic() - function["created"] > 0.2
            told = {k: v for k, v in function.items() if k not in ("Code", "created")}
            return {**told, "State": "Active" if old else "Pending"}
        if method == "DELETE":
            del self.functions[name]
            self._forget(name)
            return {}
        raise ApiError("UnknownOperationException", f"{method} {path}")

    def invoke(self, name: str, event: bytes, log_type: str | None) -> tuple[bytes, dict[str, str]]:
        """The function's answer to an event, and the headers that go with it."""
        function = self._known(name)
        if time.monotonic() - function["created"] <= 0.2:
            raise ApiError("ResourceConflictException", "The function is pending.", 409)
        if self.throttles:
            raise ApiError("TooManyRequestsException", "Rate Exceeded.", 429)
        self.invocations += 1
        free = self._free[name]
        sandbox = free.get(timeout=60)
        try:
            if sandbox is None or not sandbox.is_alive():
                sandbox = Sandbox(function, self._registry, self._folder, self._own())
                self._sandboxes.append(sandbox)
            answer, error = sandbox.run(event, function["Timeout"])
        finally:
            free.put(sandbox)
        if self.loses_answers:
            raise ApiError("ServiceException", "the answer was lost", 502)
        headers = {"X-Amz-Function-Error": error} if error else {}
        if log_type == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(sandbox.log()[-LOG_BYTES:]).decode()
        return answer, headers

    def stop(self) -> None:
        self.kill_sandboxes()

    def kill_sandboxes(self) -> None:
        """End every process at once, as Lambda may whenever none of them is at a call."""
        for sandbox in self._sandboxes:
            sandbox.kill()
        self._sandboxes.clear()

    def _create(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        if name in self.functions:
            raise ApiError("ResourceConflictException", f"Function already exist: {name}", 409)
        if given["Code"]["ImageUri"].partition("@")[2] not in self._registry.manifests:
            image = given["Code"]["ImageUri"]
            message = f"Source image {image} does not exist. Provide a valid source image."
            raise ApiError("InvalidParameterValueException", message)
        # Source: AWS Lambda, "Container image settings": ENTRYPOINT is the absolute path.
        for program in given.get("ImageConfig", {}).get("EntryPoint", [])[:1]:
            if not program.startswith("/"):
                message = f"The entrypoint {program} isn't valid. The path must be absolute."
                raise ApiError("InvalidParameterValueException", message)
        self._free[name] = queue.Queue()
        for _ in range(MOST_SANDBOXES):
            self._free[name].put(None)
        self.functions[name] = {**given, "created": time.monotonic()}
        return {"FunctionName": name, "State": "Pending"}

    def _known(self, name: str) -> dict[str, Any]:
        if name not in self.functions:
            raise ApiError("ResourceNotFoundException", f"Function not found: {name}", 404)
        return self.functions[name]

    def _forget(self, name: str) -> None:
        for sandbox in self._sandboxes:
            if sandbox.name == name:
                sandbox.kill()


class Sandbox:
    """One process of a function, and the runtime API that it asks for events."""

    def __init__(
        self, function: dict[str, Any], registry: Registry, folder: Path, own: Mapping[str, str]
    ) -> None:
        self.name = function["FunctionName"]
        place = folder / f"{self.name}-{uuid4().hex[:8]}"
        image = pull(registry, function["Code"]["ImageUri"], place)
        self._events: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._answers: queue.Queue[tuple[bytes, str]] = queue.Queue()
        self._server = _RuntimeServer(self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        given = {
            **function.get("Environment", {}).get("Variables", {}),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        }
        environment = run_environment(image, given, {**own, "TMPDIR": str(place / "home")})
        environment = recorded_as(function["Role"], environment)
        settings = function.get("ImageConfig", {})
        command = [*settings.get("EntryPoint", image.entry_point), *settings.get("Command", ())]
        # The image's programs are not on this machine, but those of the same names are.
        command[0] = Path(command[0]).name
        self._log = place / "log"
        with self._log.open("wb") as out:
            self.process = subprocess.Popen(
                command,
                cwd=place,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def run(self, event: bytes, seconds: float) -> tuple[bytes, str]:
        """The answer to an event, and `Unhandled` when it is an error."""
        self._events.put((uuid4().hex, event))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                return self._answers.get(timeout=0.05)
            except queue.Empty:
                if not self.is_alive() and self._answers.empty():
                    return _error("Runtime.ExitError", "Runtime exited without providing a reason")
        # Lambda resets the sandbox of an invocation that ran out of time.
        self.kill()
        return _error("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds")

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def log(self) -> bytes:
        return self._log.read_bytes()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._server.shutdown()
        self._server.server_close()

    def next_event(self) -> tuple[str, bytes] | None:
        while self.is_alive():
            try:
                return self._events.get(timeout=0.1)
            except queue.Empty:
                continue
        return None

    def take(self, body: bytes, error: str) -> None:
        self._answers.put((body, error))


def _error(kind: str, message: str) -> tuple[bytes, str]:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode(), "Unhandled"


class _RuntimeServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(("127.0.0.1", 0), _RuntimeHandler)
        self.sandbox = sandbox


class _RuntimeHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _RuntimeServer

    def do_GET(self) -> None:
        event = self.server.sandbox.next_event()
        if event is None:
            self.close_connection = True
            return
        identity, body = event
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:{self.server.sandbox.name}"
        self.reply(
            200,
            body,
            **{
                "Lambda-Runtime-Aws-Request-Id": identity,
                "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 60_000),
                "Lambda-Runtime-Invoked-Function-Arn": arn,
            },
        )

    def do_POST(self) -> None:
        found = _RUNTIME.fullmatch(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if found is None:
            self.reply(404, b"")
            return
        self.server.sandbox.take(body, "" if found["what"] == "response" else "Unhandled")
        self.reply(202, b"{}")

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        given = {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
