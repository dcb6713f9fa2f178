"""LambdaRuntime: a version is a function made of its image, which costs nothing while nobody calls.

Its readiness is asked for until it was once answered; from then on an active function counts as
ready, for asking again would keep awake what nobody needs.
"""

import base64
import json
import math
import uuid
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from scienceops.adapters.aws.clients import error_code
from scienceops.adapters.aws.resources import (
    StartRefused,
    deployment_name,
    log_group,
    role,
    scorer_environment,
)
from scienceops.adapters.scoring.readiness import why_not_ready
from scienceops.bodies import Body, whole
from scienceops.config import Settings
from scienceops.errors import ScorerHidden, ServiceNotReady
from scienceops.ports.service_runtime import DeployOrder, Observed, Reply, ServiceStatus

KIND = "lambda"
#: How long one call may take; less than a client waits, so that it is Lambda which ends it.
TIMEOUT_SECONDS = 55
#: What an event may hold, as JSON with its body in base64.
LARGEST_EVENT_BYTES = 6_291_556
#: Of which base64 leaves this much, before anything else is in it.
LARGEST_BODY_BYTES = LARGEST_EVENT_BYTES // 4 * 3
#: Of an image, as scorer_container/Dockerfile makes it: Lambda wants the absolute path of what it
#: begins with. Source: AWS Lambda, "Container image settings".
PYTHON = "/opt/venv/bin/python"
TAIL_LINES = 20
#: What a function's /tmp has at least and at most, in MB; what is over the least costs a
#: five-hundredth of what memory does.
LEAST_DISK_MB, MOST_DISK_MB = 512, 10_240

_GONE = "ResourceNotFoundException"
_EXISTS = _PENDING = "ResourceConflictException"
#: A call was turned away, and nothing of it was done: too many at once in the account, or of a
#: function that is being made ready, as one is made again that nobody called for weeks, or that is
#: away while another worker makes it anew.
_TURNED_AWAY = ("TooManyRequestsException", _PENDING, "ResourceNotReadyException", _GONE)
#: In the message of an invocation that took longer than its function may.
_TIMED_OUT = "Task timed out"
#: The order itself is at fault: an image that is not there, a role that may not be passed.
_REFUSED = (
    "InvalidParameterValueException",
    "AccessDeniedException",
    "CodeStorageExceededException",
)


class LambdaRuntime:
    """Scorers on Lambda.

    functions: a boto3 client of `lambda`. calls: another that tries nothing twice, for a call that
    is not answered may have been scored.
    """

    def __init__(self, settings: Settings, *, functions: Any, calls: Any) -> None:
        self._settings = settings
        self._functions = functions
        self._calls = calls

    def start(self, order: DeployOrder) -> None:
        """Make the function anew; raises StartRefused."""
        self.stop(order.service, order.version)
        aws = self._settings.aws
        try:
            self._functions.create_function(
                FunctionName=deployment_name(aws, order.service, order.version),
                PackageType="Image",
                Code={"ImageUri": order.image},
                ImageConfig={
                    "EntryPoint": [PYTHON, "-m", "awslambdaric"],
                    "Command": ["scorer_container.on_lambda.handler"],
                },
                Role=role(aws, "scorer"),
                MemorySize=self._settings.container_memory_mb,
                EphemeralStorage={"Size": disk_mb(self._settings.upload_limit_bytes)},
                Timeout=TIMEOUT_SECONDS,
                Environment={
                    "Variables": scorer_environment(order, self._settings, uuid.uuid4().hex[:12])
                },
                LoggingConfig={"LogFormat": "Text", "LogGroup": log_group(aws)},
            )
        except ClientError as error:
            if error_code(error) in _REFUSED:
                raise StartRefused(str(error)) from error
            # Another worker began the same in this moment.
            if error_code(error) != _EXISTS:
                raise

    def status(self, service: str, version: int, *, was_ready: bool) -> ServiceStatus | None:
        """How the function stands; None of one that Lambda does not know."""
        name = deployment_name(self._settings.aws, service, version)
        try:
            told = self._functions.get_function_configuration(FunctionName=name)
        except ClientError as error:
            if error_code(error) != _GONE:
                raise
            return None
        if told["State"] == "Pending":
            return ServiceStatus(service, version, Observed.STARTING, reason="it is being made")
        if told["State"] == "Failed":
            why = told.get("StateReason", "Lambda could not make the function")
            return ServiceStatus(service, version, Observed.FAILED, reason=why)
        if was_ready:
            return ServiceStatus(service, version, Observed.READY, f"{KIND}:{name}")
        return self._probe(service, version, name)

    def stop(self, service: str, version: int) -> None:
        """Delete the function; calls that it is at are answered, their captures are shipped."""
        name = deployment_name(self._settings.aws, service, version)
        try:
            self._functions.delete_function(FunctionName=name)
        except ClientError as error:
            if error_code(error) != _GONE:
                raise

    def call(
        self, address: str, method: str, path: str, headers: Mapping[str, str], body: Body
    ) -> Reply:
        """One request, as an invocation. A call ends after TIMEOUT_SECONDS, whatever was asked.

        A body in a file is read whole, for an event is sent in one piece; of one that would not
        fit into it nothing is read.
        """
        if len(body) > LARGEST_BODY_BYTES:
            return _too_large(len(body))
        event = _event(method, path, headers, whole(body))
        if len(event) > LARGEST_EVENT_BYTES:
            return _too_large(len(body))
        answer = self._invoke(address, event)
        if "FunctionError" in answer:
            told = json.loads(answer["Payload"].read())
            raise ServiceNotReady(
                f"the scorer {address} did not answer: {told.get('errorMessage', told)}"
            )
        return _reply(json.loads(answer["Payload"].read()))

    def _probe(self, service: str, version: int, name: str) -> ServiceStatus:
        try:
            answer = self._invoke(name, _event("GET", "/readyz", {}, b""))
        except ServiceNotReady as error:
            return ServiceStatus(service, version, Observed.STARTING, reason=str(error))
        told = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
            said = str(told.get("errorMessage", told))
            tail = tuple(log.splitlines()[-TAIL_LINES:])
            if _TIMED_OUT in said:
                # An image that Lambda has never run is fetched while it starts; the next start has
                # most of it.
                why = f"its start took too long: {said}"
                return ServiceStatus(service, version, Observed.STARTING, reason=why, log_tail=tail)
            why = f"it ended: {said}"
            return ServiceStatus(service, version, Observed.FAILED, reason=why, log_tail=tail)
        if (reply := _reply(told)).status != 200:
            why = why_not_ready(reply)
            return ServiceStatus(service, version, Observed.STARTING, reason=why)
        return ServiceStatus(service, version, Observed.READY, f"{KIND}:{name}")

    def _invoke(self, name: str, event: bytes) -> Any:
        """What Lambda answers to an event, with the end of its log."""
        try:
            return self._calls.invoke(
                FunctionName=name, InvocationType="RequestResponse", LogType="Tail", Payload=event
            )
        except ReadTimeoutError as error:
            raise ServiceNotReady(
                f"the scorer {name} did not answer in time, though it may have scored and recorded "
                f"the rows; a scorer that nobody called for a while starts first"
            ) from error
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error_code(error) in _TURNED_AWAY:
                raise ScorerHidden(f"Lambda turned a call of {name} away ({error})") from error
            raise ServiceNotReady(f"the scorer {name} did not answer ({error})") from error


def disk_mb(package_bytes: int) -> int:
    """The /tmp in which so large a package is unpacked, beside what else a scorer writes there.

    >>> disk_mb(2 * 1024**3)
    2560
    """
    return min(LEAST_DISK_MB + math.ceil(package_bytes / 1024**2), MOST_DISK_MB)


def _event(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A request as the event of an HTTP API, format 2.0."""
    plain, _, query = path.partition("?")
    event = {
        "version": "2.0",
        "rawPath": plain,
        "rawQueryString": query,
        "headers": {key.lower(): value for key, value in headers.items()},
        "requestContext": {"http": {"method": method, "path": plain}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    return json.dumps(event).encode()


def _reply(told: Mapping[str, Any]) -> Reply:
    headers = {name.lower(): value for name, value in told["headers"].items()}
    return Reply(told["statusCode"], headers, base64.b64decode(told["body"]))


def _too_large(size_bytes: int) -> Reply:
    from scienceops.problems import TYPE, problem

    detail = (
        f"the body of {size_bytes} bytes is over what Lambda carries; send fewer rows at a time, "
        "or set runtime = fargate"
    )
    told = problem(413, "RequestTooLarge", detail)
    return Reply(told.status, {"content-type": TYPE}, json.dumps(told.document).encode())
