"""A stand-in for the part of ECR that is no registry: it tells where that is, and logs in."""

import base64
import time
from typing import Any

from emulators.stand_in_error import ApiError
from stand_in_registry import Registry


class StandInEcr:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def handle(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        del given
        if operation != "GetAuthorizationToken":
            raise ApiError("UnknownOperationException", operation)
        token = base64.b64encode(f"AWS:{self._registry.password}".encode()).decode()
        login = {
            "authorizationToken": token,
            "expiresAt": time.time() + 12 * 3600,
            "proxyEndpoint": f"https://{self._registry.host}",
        }
        return {"authorizationData": [login]}
