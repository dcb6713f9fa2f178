"""Stand-in for Key Vault, for which there is no emulator here: secrets with versions, in memory.

It answers, below the real SDK client, the five calls that the adapter makes, in the form of
Microsoft's reference of the data plane (api-version 2025-07-01): the challenge, a new version for
each write, names that stay taken while they are deleted, recovery. Roles, throttling, purge
protection and the delay of a real deletion are not covered.
"""

import json
import re
import threading
from io import BytesIO
from typing import Any
from uuid import uuid4

import requests
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from azure.keyvault.secrets import SecretClient
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

URL = "https://stand-in.vault.azure.net"
NAME = re.compile(r"/(secrets|deletedsecrets)/([0-9a-zA-Z-]{1,127})(/recover|/)?")
CHALLENGE = (
    'Bearer authorization="https://login.microsoftonline.com/tenant", '
    'resource="https://vault.azure.net"'
)


class StandInCredential:
    """A credential whose token is no secret."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A token for the vault alone."""
        assert scopes == ("https://vault.azure.net/.default",)
        return AccessToken("stand-in", 2**31)


class StandInKeyVault(BaseAdapter):
    """A vault that several clients may share."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, list[dict[str, Any]]] = {}
        self.deleted: dict[str, list[dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def client(self) -> SecretClient:
        """A real client of the SDK that talks to this vault."""
        session = requests.Session()
        session.mount(URL, self)
        transport = RequestsTransport(session=session, session_owner=False)
        return SecretClient(URL, StandInCredential(), transport=transport)

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """The reply of the vault."""
        headers = {"Content-Type": "application/json"}
        if "Authorization" in request.headers:
            with self._lock:
                status, body = self._answer(request)
        else:
            status, body = 401, {}
            headers["WWW-Authenticate"] = CHALLENGE
        content = BytesIO(json.dumps(body).encode())
        raw = HTTPResponse(content, headers, status, preload_content=False)
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing is open."""

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, Any]]:
        path = request.path_url.partition("?")[0]
        found = NAME.fullmatch(path)
        if found is None:
            return _error(400, "BadParameter")
        place, name, end = found.groups()
        match request.method, place, end:
            case "PUT", "secrets", None if name in self.deleted:
                return _error(409, "Conflict")
            case "PUT", "secrets", None:
                value = json.loads(request.body or b"{}")["value"]
                identity = f"{URL}/secrets/{name}/{uuid4().hex}"
                bundle = {"id": identity, "value": value, "attributes": {"enabled": True}}
                self.versions.setdefault(name, []).append(bundle)
                return 200, bundle
            case "GET", "secrets", _ if name in self.versions:
                return 200, self.versions[name][-1]
            case "DELETE", "secrets", None if name in self.versions:
                self.deleted[name] = self.versions.pop(name)
                return 200, self._deleted(name)
            case "GET", "deletedsecrets", None if name in self.deleted:
                return 200, self._deleted(name)
            case "POST", "deletedsecrets", "/recover" if name in self.deleted:
                self.versions[name] = self.deleted.pop(name)
                bundle = self.versions[name][-1]
                return 200, {key: bundle[key] for key in ("id", "attributes")}
        return _error(404, "SecretNotFound")

    def _deleted(self, name: str) -> dict[str, Any]:
        recovery = f"{URL}/deletedsecrets/{name}"
        return {"recoveryId": recovery, **self.deleted[name][-1]}


def _error(status: int, code: str) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"code": code, "message": f"{code} (stand-in)"}}
