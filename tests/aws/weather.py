"""Weather on AWS: faults between boto3's clients and their endpoint, put in by a hook of botocore.

The hook stands where a request would be sent, below the SDK's retries, which therefore work as
they do on a real fault. An answer of ReceiveMessage is never lost: its messages would stay hidden
for minutes, and then come again as any other does.
"""

import io
import json
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from storm import Weather

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


def fall_on(client: Any, weather: Weather) -> Any:
    """The client itself, in this weather from now on."""

    def send(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
        fault = weather.fault()
        if fault == "lost" and event_name.endswith(".ReceiveMessage"):
            fault = "failed"
        service = client.meta.service_model.service_name
        if fault == "throttled":
            return _refusal(request, *THROTTLED[service], service)
        if fault == "lost":
            client._endpoint.http_session.send(request)
        return _refusal(request, 500, "InternalError", service) if fault else None

    client.meta.events.register_first("before-send", send)
    return client


def _refusal(request: AWSPreparedRequest, status: int, code: str, service: str) -> AWSResponse:
    if service == "s3":
        text = f"<Error><Code>{code}</Code><Message>weather</Message></Error>"
    else:
        text = json.dumps({"__type": code, "message": "weather"})
    return AWSResponse(request.url, status, {}, Raw(text.encode()))
