"""SocketObjectStore: the bucket as a container of one machine sees it, through its socket."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scienceops import errors
from scienceops.adapters.engine.bucket_socket import OBJECTS, SCAN, STAT
from scienceops.core.object_keys import check_object_key
from scienceops.errors import ScienceOpsError, Unavailable
from scienceops.ports.object_store import ObjectInfo

TIMEOUT_SECONDS = 300

_CHUNK_BYTES = 256 * 1024


class SocketObjectStore:
    """ObjectStore whose objects are behind a BucketSocket, which says what may be used."""

    def __init__(self, path: str) -> None:
        self._path = path

    def put(self, key: str, data: bytes | Path, *, if_absent: bool = False) -> ObjectInfo:
        """Send the content; it is stored when this returns."""
        address = _address(OBJECTS, check_object_key(key)) + ("?if_absent=1" if if_absent else "")
        if isinstance(data, bytes):
            return _info(self._ask("PUT", address, data))
        with data.open("rb") as file:
            headers = {"Content-Length": str(data.stat().st_size)}
            return _info(self._ask("PUT", address, file, headers))

    def get(self, key: str) -> bytes:
        """The whole content."""
        connection, response = self._open("GET", _address(OBJECTS, check_object_key(key)))
        try:
            return response.read()
        finally:
            connection.close()

    def download(self, key: str, path: Path) -> ObjectInfo:
        """The content, into a file."""
        connection, response = self._open("GET", _address(OBJECTS, check_object_key(key)))
        try:
            with path.open("wb") as file:
                while piece := response.read(_CHUNK_BYTES):
                    file.write(piece)
        finally:
            connection.close()
        return _info(json.loads(response.headers["X-Object"]))

    def stat(self, key: str) -> ObjectInfo:
        """What is known of the object."""
        return _info(self._ask("GET", _address(STAT, check_object_key(key))))

    def scan(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix`."""
        yield from (_info(found) for found in self._ask("GET", _address(SCAN, prefix)))

    def delete(self, key: str) -> None:
        """Remove the object."""
        self._ask("DELETE", _address(OBJECTS, check_object_key(key)))

    def _ask(
        self, method: str, address: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        connection, response = self._open(method, address, body, headers)
        try:
            return json.loads(response.read())
        finally:
            connection.close()

    def _open(
        self, method: str, address: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("localhost", timeout=TIMEOUT_SECONDS)
        try:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(TIMEOUT_SECONDS)
            connection.sock.connect(self._path)
            connection.request(method, address, body, dict(headers or {}))
            response = connection.getresponse()
            if response.status >= 400:
                raise _error(json.loads(response.read()))
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unavailable(f"the bucket cannot be reached at {self._path}: {error}") from error
        except BaseException:
            connection.close()
            raise
        return connection, response


def _address(route: str, key: str) -> str:
    return route + quote(key, safe="/")


def _info(document: Mapping[str, Any]) -> ObjectInfo:
    return ObjectInfo(
        document["key"],
        document["size_bytes"],
        document["etag"],
        datetime.fromisoformat(document["modified_at"]),
    )


def _error(told: Mapping[str, str]) -> ScienceOpsError:
    """The error that the other side raised, by its name."""
    kind = getattr(errors, told["error"], None)
    error: ScienceOpsError
    if isinstance(kind, type) and issubclass(kind, ScienceOpsError):
        # Its facts stayed on the other side; its message and kind are what callers go by.
        error = kind.__new__(kind)
        Exception.__init__(error, told["detail"])
        return error
    return ScienceOpsError(told["detail"])
