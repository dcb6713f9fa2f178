"""Weather: faults between boto3's clients and their endpoint, put in by a hook of botocore.

The hook stands where a request would be sent, below the SDK's retries, which therefore work as
they do on a real fault. A share of the requests, by a seeded dice, is throttled, or fails before
it is carried out, or is carried out and its answer lost. An answer of ReceiveMessage is never
lost: its messages would stay hidden for minutes, and then come again as any other does.
"""

import io
import json
import random
import threading
from collections import Counter
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

FAULTS = ("throttled", "failed", "lost")
#: What each service calls too many requests, and with which status.
THROTTLED = {
    "s3": (503, "SlowDown"),
    "sqs": (400, "RequestThrottled"),
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "secretsmanager": (400, "ThrottlingException"),
}


class Raw(io.BytesIO):
    """A body as botocore takes it from the connection."""

    def stream(self) -> Any:
        yield self.read()


class Weather:
    """Faults on every client that it falls on; `counts` tells which requests met which."""

    def __init__(self, share: float, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._share = share
        self._dice = random.Random(seed)
        self._lock = threading.Lock()

    def fall_on(self, client: Any) -> Any:
        """The client itself, in this weather from now on."""

        def send(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
            return self._send(client, request, event_name)

        client.meta.events.register_first("before-send", send)
        return client

    def _send(
        self, client: Any, request: AWSPreparedRequest, event_name: str
    ) -> AWSResponse | None:
        with self._lock:
            self.counts["requests"] += 1
            if self._dice.random() >= self._share:
                return None
            fault = self._dice.choice(FAULTS)
            if fault == "lost" and event_name.endswith(".ReceiveMessage"):
                fault = "failed"
            self.counts[fault] += 1
        service = client.meta.service_model.service_name
        if fault == "throttled":
            return _refusal(request, *THROTTLED[service], service)
        if fault == "lost":
            client._endpoint.http_session.send(request)
        return _refusal(request, 500, "InternalError", service)


def _refusal(request: AWSPreparedRequest, status: int, code: str, service: str) -> AWSResponse:
    if service == "s3":
        text = f"<Error><Code>{code}</Code><Message>weather</Message></Error>"
    else:
        text = json.dumps({"__type": code, "message": "weather"})
    return AWSResponse(request.url, status, {}, Raw(text.encode()))
