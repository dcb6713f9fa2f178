"""Clients of AWS: made on first use, with time limits, and with retries that back off."""

import threading
from typing import Any

from scienceops.aws_settings import CALL_SECONDS

CONNECT_SECONDS = 5
#: Times that one call is tried when the service throttles, fails or does not answer. Where one
#: try in twenty fails, all of these fail for one call in a thousand million.
MOST_ATTEMPTS = 7
#: botocore pauses before each further try, by chance, up to these seconds: when it was throttled,
#: doubled with each. Other failures take a twentieth of it.
_FIRST_PAUSE_SECONDS = 1
_LONGEST_PAUSE_SECONDS = 20
CONNECTIONS = 32

#: boto3's session must not make two clients at once.
_MAKING = threading.Lock()


class LazyClient:
    """A boto3 client that is made when it is first used, since a door uses few of them.

    Making the first takes 0.2 s of processor time, each further one 0.02 s. call_seconds: how long
    one call may be without any answer, all of its tries together. attempts: times that it is tried;
    1 for what must not be done twice, otherwise as many as fit.
    """

    def __init__(
        self, service: str, *, call_seconds: float = CALL_SECONDS, attempts: int | None = None
    ) -> None:
        self._service = service
        self._attempts = attempts or attempts_within(call_seconds)
        # Between two pieces of an answer, so that a large object may take as long as it takes.
        self._read_seconds = call_seconds / self._attempts
        self._client: Any = None

    def __getattr__(self, name: str) -> Any:
        if self._client is None:
            with _MAKING:
                if self._client is None:
                    self._client = _make_client(self._service, self._attempts, self._read_seconds)
        return getattr(self._client, name)


def attempts_within(call_seconds: float) -> int:
    """How often a call is tried in so much time: when all it hears is that there are too many, its
    pauses take half of the time at most.

    Source: botocore's retry mode `standard`.

    >>> attempts_within(20), attempts_within(210)
    (4, 7)
    """
    attempts, pauses = 1, float(_FIRST_PAUSE_SECONDS)
    while attempts < MOST_ATTEMPTS and pauses <= call_seconds / 2:
        pauses += min(_FIRST_PAUSE_SECONDS * 2.0**attempts, _LONGEST_PAUSE_SECONDS)
        attempts += 1
    return attempts


def _make_client(service: str, attempts: int, read_seconds: float) -> Any:
    # Region, credentials and AWS_ENDPOINT_URL are the SDK's to find.
    import boto3
    from botocore.config import Config
    from botocore.exceptions import NoRegionError, ProfileNotFound

    from scienceops.errors import BadSetting

    config = Config(
        connect_timeout=min(CONNECT_SECONDS, read_seconds),
        read_timeout=read_seconds,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    try:
        client = boto3.client(service, config=config)
    except NoRegionError:
        raise BadSetting(
            "no AWS region is told: set AWS_DEFAULT_REGION to that of the stage"
        ) from None
    except ValueError as error:
        # No address can be made of what the region is said to be.
        raise BadSetting(
            f"{error}: set AWS_DEFAULT_REGION to the stage's region, such as eu-central-1"
        ) from None
    except ProfileNotFound as error:
        raise BadSetting(f"{error}: set AWS_PROFILE to one that there is") from None
    # The session has found them by now, if there are any.
    if boto3.DEFAULT_SESSION.get_credentials() is None:
        raise BadSetting(
            "no AWS credentials are found: sign in with `aws configure` or `aws sso login`, or set "
            "AWS_PROFILE, until `aws sts get-caller-identity` answers"
        )
    return client


def error_code(error: Any) -> str:
    """The code of a botocore ClientError, such as `NoSuchKey`; of an answer without a body, its
    HTTP status as text."""
    return str(error.response.get("Error", {}).get("Code", ""))
