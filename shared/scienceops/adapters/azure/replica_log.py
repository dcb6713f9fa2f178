"""Replica log: the last lines of a container, from Container Apps' own log stream."""

import requests
from azure.core.exceptions import HttpResponseError
from azure.mgmt.appcontainers import ContainerAppsAPIClient

TAIL_LINES = 20
_TIMEOUT_SECONDS = 10


def tail_of_replica(
    client: ContainerAppsAPIClient, resource_group: str, app: str, endpoint: str
) -> tuple[str, ...]:
    """The last 20 lines; empty when the stream does not answer, since a log is a help, no state.

    endpoint: the container's `log_stream_endpoint`; empty before it has begun.
    """
    if not endpoint:
        return ()
    try:
        token = client.container_apps.get_auth_token(resource_group, app).token
        reply = requests.get(
            endpoint,
            params={"tailLines": str(TAIL_LINES), "follow": "false", "output": "text"},
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT_SECONDS,
        )
    except (HttpResponseError, requests.RequestException):
        return ()
    return tuple(reply.text.splitlines()[-TAIL_LINES:]) if reply.ok else ()
