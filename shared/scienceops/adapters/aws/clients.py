"""Clients of AWS: made on first use, with time limits, and with retries that back off."""

import threading
from typing import Any

CONNECT_SECONDS = 5
READ_SECONDS = 60
#: Times that one call is tried when the service throttles, fails or does not answer. Of calls
#: that fail one time in twenty, one in a thousand million fails as often as this.
TOTAL_ATTEMPTS = 7
CONNECTIONS = 32

#: boto3 sessions must not make two clients at once.
_MAKING = threading.Lock()


class LazyClient:
    """A boto3 client that is made when it is first used, since a door uses few of them.

    Making the first takes 0.2 s of processor time, each further one 0.02 s.
    """

    def __init__(self, service: str) -> None:
        self._service = service
        self._client: Any = None

    def __getattr__(self, name: str) -> Any:
        if self._client is None:
            with _MAKING:
                if self._client is None:
                    self._client = _make_client(self._service)
        return getattr(self._client, name)


def _make_client(service: str) -> Any:
    # Region, credentials and AWS_ENDPOINT_URL are the SDK's to find.
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": TOTAL_ATTEMPTS},
    )
    return boto3.session.Session().client(service, config=config)


def error_code(error: Any) -> str:
    """The code of a botocore ClientError, such as `NoSuchKey`, or its HTTP status as text."""
    return str(error.response.get("Error", {}).get("Code", ""))
