"""A stand-in for the part of ECR that is no registry: it tells where that is, and logs in.

Who calls the registry by that login is noted among the calls, as the permissions that ECR asks for.
"""

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any

from emulators.recorder.recorded import note_call
from emulators.stand_in_error import ApiError
from stand_in_registry import Registry

#: What ECR asks for when the API of registries is spoken, by method and by what it is about.
ACTIONS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("HEAD", "manifests"): ("BatchGetImage",),
    ("GET", "manifests"): ("BatchGetImage",),
    ("PUT", "manifests"): ("PutImage",),
    ("HEAD", "blobs"): ("BatchCheckLayerAvailability",),
    ("GET", "blobs"): ("GetDownloadUrlForLayer",),
    ("POST", "blobs"): ("InitiateLayerUpload",),
    ("PUT", "blobs"): ("UploadLayerPart", "CompleteLayerUpload"),
}


class StandInEcr:
    def __init__(self, registry: Registry, own: Callable[[], Mapping[str, str]]) -> None:
        self._registry = registry
        self._own = own
        registry.heard = self._note

    def _note(self, caller: str, method: str, about: str, repository: str) -> None:
        if path := self._own().get("RECORDED_CALLS"):
            for action in ACTIONS[method, about]:
                note_call(path, caller, "ecr", action, {"repositoryName": repository})

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
