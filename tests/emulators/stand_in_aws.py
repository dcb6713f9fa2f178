"""Stand-ins for the services of AWS that no emulator has: they execute what was sent, here.

CodeBuild runs the buildspec's commands, ECS a container's command, Lambda the real runtime client
of an image, EMR Serverless the arguments of spark-submit; as processes of this machine, from the
environment that the tests run in. One HTTP server speaks the protocols of all of them.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from emulators import cbor
from emulators.stand_in_codebuild import StandInCodeBuild
from emulators.stand_in_ecr import StandInEcr
from emulators.stand_in_ecs import StandInEcs
from emulators.stand_in_emr import StandInEmr
from emulators.stand_in_error import ApiError
from emulators.stand_in_lambda import StandInLambda
from emulators.stand_in_logs import StandInLogs
from emulators.stand_in_scaling import StandInScaling
from stand_in_registry import Registry, serve_registry

#: `X-Amz-Target: PREFIX.Operation`, or `/service/PREFIX/operation/Operation`, by service.
PREFIXES = {
    "CodeBuild_20161006": "codebuild",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "AnyScaleFrontendService": "application_auto_scaling",
    "Logs_20140328": "cloudwatch_logs",
}
_RPC = re.compile(r"/service/(?P<prefix>\w+)/operation/(?P<operation>\w+)")


class StandIn(Protocol):
    """One service: takes an operation's name and input, gives its output or raises ApiError."""

    def handle(self, operation: str, given: dict[str, Any]) -> dict[str, Any]: ...


class StandInAws:
    """The services, and where they are reached.

    environment: leads a boto3 of another process to them, beside what AWS_ENDPOINT_URL says.
    """

    def __init__(self, folder: Path, registry: Registry, own: Callable[[], Mapping[str, str]]):
        self.registry = registry
        self.logs = StandInLogs()
        self.codebuild = StandInCodeBuild(folder, self.logs, own)
        self.ecr = StandInEcr(registry, own)
        self.ecs = StandInEcs(folder, registry, self.logs, own)
        self.scaling = StandInScaling()
        self.functions = StandInLambda(folder, registry, own)
        self.emr = StandInEmr(folder, own)
        self._server = _Server(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        services = (*PREFIXES.values(), "lambda", "emr_serverless")
        return {f"AWS_ENDPOINT_URL_{name.upper()}": self.url for name in services}

    def service(self, name: str) -> StandIn:
        services: dict[str, StandIn] = {
            "codebuild": self.codebuild,
            "ecr": self.ecr,
            "ecs": self.ecs,
            "application_auto_scaling": self.scaling,
            "cloudwatch_logs": self.logs,
        }
        return services[name]

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        for service in (self.codebuild, self.ecs, self.functions, self.emr):
            service.stop()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serve_stand_ins(
    folder: Path, own: Callable[[], Mapping[str, str]] = dict
) -> Iterator[StandInAws]:
    """All of them, on a free port; what they start ends with them.

    folder: for what they write. own: environment that what they start gets besides, such as the
    address of the emulator that has the bucket.
    """
    with ExitStack() as stack:
        registry = stack.enter_context(serve_registry(password="stand-in"))
        aws = StandInAws(folder, registry, own)
        stack.callback(aws.stop)
        aws.start()
        yield aws


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, aws: StandInAws) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.aws = aws


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        target = self.headers.get("X-Amz-Target", "")
        rpc = _RPC.fullmatch(self.path)
        try:
            if rpc:
                given = cbor.load(body) if body else {}
                service = self.server.aws.service(PREFIXES[rpc["prefix"]])
                self.reply(200, cbor.dump(service.handle(rpc["operation"], given)), "cbor")
            elif target:
                prefix, _, operation = target.partition(".")
                service = self.server.aws.service(PREFIXES[prefix])
                output = service.handle(operation, json.loads(body or b"{}"))
                self.reply(200, json.dumps(output).encode(), "x-amz-json-1.1")
            else:
                self.answer_rest(body)
        except ApiError as error:
            words = {"message": error.message, "Message": error.message}
            told = {"__type": error.code, **words, **error.more}
            written = cbor.dump(told) if rpc else json.dumps(told).encode()
            kind = "cbor" if rpc else "json"
            self.reply(error.status, written, kind, **{"x-amzn-ErrorType": error.code})

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  # The names that the server wants.

    def answer_rest(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        path = [unquote(part) for part in parts.path.strip("/").split("/")]
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if path[0] == "applications":
            given = {**json.loads(body or b"{}"), **query}
            output = self.server.aws.emr.handle_path(self.command, path, given)
            self.reply(200, json.dumps(output).encode(), "json")
            return
        functions = self.server.aws.functions
        if path[-1] == "invocations":
            answer, headers = functions.invoke(path[2], body, self.headers.get("X-Amz-Log-Type"))
            self.reply(200, answer, "json", **headers)
            return
        output = functions.handle_path(self.command, path, json.loads(body or b"{}"))
        self.reply(201 if self.command == "POST" else 200, json.dumps(output).encode(), "json")

    def reply(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        given = {"Content-Type": f"application/{kind}", **headers}
        if kind == "cbor":
            given["smithy-protocol"] = "rpc-v2-cbor"
        for name, value in given.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
