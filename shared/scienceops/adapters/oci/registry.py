"""OciRegistry: the few calls of the OCI distribution API that put an image into a repository.

Source: OCI Distribution Specification 1.1.
"""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import urlencode, urljoin

import requests

from scienceops.core.images import MANIFEST_TYPES, Blob, sha256
from scienceops.errors import BadSetting, RegistryRefused, RegistryUnavailable

CONNECT_SECONDS = 10
#: Between two bytes of an answer, not for the whole of it.
READ_SECONDS = 120
#: Waits before the next attempts of a call whose failure may pass.
WAITS_SECONDS = (0.2, 1.0, 3.0)

_CHUNK_BYTES = 1024 * 1024
_REPOSITORY = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?/[a-z0-9]+([._/-]+[a-z0-9]+)*")
#: Failures on the way, which the next attempt may not meet.
_PASSING = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class OciRegistry:
    """One repository of a registry, over HTTPS unless the registry is on this machine.

    repository: `HOST[:PORT]/PATH`. credentials: (user, password), when the registry asks.
    """

    def __init__(self, repository: str, credentials: tuple[str, str] | None = None) -> None:
        if not _REPOSITORY.fullmatch(repository):
            raise BadSetting(
                f"{repository!r} is no image repository: wanted HOST[:PORT]/PATH in lower case, "
                "like 127.0.0.1:5000/scienceops"
            )
        self.repository = repository
        host, _, path = repository.partition("/")
        self._host = host
        self._root = f"{'http' if _is_here(host) else 'https'}://{host}"
        self._base = f"{self._root}/v2/{path}/"
        self._path = path
        self._credentials = credentials
        self._session = requests.Session()
        # A proxy of this machine's network would look for 127.0.0.1 on its own machine.
        self._session.trust_env = not _is_here(host)
        self._authorization = ""

    def manifest(self, reference: str) -> bytes | None:
        """The manifest of a tag or digest; None when there is none."""
        accept = ", ".join(MANIFEST_TYPES)
        reply = self._call("GET", f"manifests/{reference}", headers={"Accept": accept})
        if reply.status_code == HTTPStatus.NOT_FOUND:
            return None
        content = self._checked(reply, f"read manifest {reference}").content
        if reference.startswith("sha256:") and sha256(content) != reference:
            raise RegistryRefused(
                f"{self._host} answered {reference} with {sha256(content)}: its store is damaged"
            )
        if not _is_manifest(content):
            raise RegistryRefused(
                f"{self._host} answered {reference} with no manifest of an image but "
                f"{content[:100]!r}: is {self.repository} the address of an image registry?"
            )
        return content

    def blob(self, digest: str) -> bytes:
        """The whole content of a small blob, such as an image's config."""
        reply = self._checked(self._call("GET", f"blobs/{digest}"), f"read blob {digest}")
        if sha256(reply.content) != digest:
            raise RegistryRefused(f"{self._host} answered {digest} with other content")
        return reply.content

    def has(self, digest: str) -> bool:
        """Whether the repository holds a blob."""
        reply = self._call("HEAD", f"blobs/{digest}")
        if reply.status_code == HTTPStatus.NOT_FOUND:
            return False
        self._checked(reply, f"look for blob {digest}")
        return True

    def put_blob(self, blob: Blob, open_it: Callable[[], BinaryIO]) -> bool:
        """Store a blob, unless it is there; whether it was sent.

        open_it: opens the content from its start; called once for each attempt, for an upload
        that was cut off begins anew.
        """
        if self.has(blob.digest):
            return False

        def send() -> requests.Response:
            began = self._request("POST", "blobs/uploads/", {"Content-Length": "0"}, None)
            if began.status_code != HTTPStatus.ACCEPTED or "Location" not in began.headers:
                return began
            place = urljoin(began.url, began.headers["Location"])
            place += ("&" if "?" in place else "?") + urlencode({"digest": blob.digest})
            headers = {"Content-Type": "application/octet-stream"}
            with open_it() as content:
                return self._request("PUT", place, headers, _Body(content, blob.size_bytes))

        self._created(self._attempt(send), f"store blob {blob.digest}")
        return True

    def put_manifest(self, reference: str, manifest: bytes, media_type: str) -> None:
        """Store a manifest under a tag or its digest; all it names is there."""
        headers = {"Content-Type": media_type}
        reply = self._call("PUT", f"manifests/{reference}", headers=headers, data=manifest)
        self._created(reply, f"store manifest {reference}")

    def _call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, data: Any = None
    ) -> requests.Response:
        return self._attempt(lambda: self._request(method, path, headers or {}, data))

    def _attempt(self, call: Callable[[], requests.Response]) -> requests.Response:
        """The answer to a call, tried again while its failure may pass; raises when it does not."""
        for wait in (*WAITS_SECONDS, None):
            try:
                reply = call()
            except _PASSING as error:
                failure = f"{type(error).__name__}: {error}"
            except (requests.RequestException, ValueError) as error:
                raise RegistryRefused(
                    f"the image registry {self._host} answers what no registry does: {error}"
                ) from error
            else:
                if reply.status_code < HTTPStatus.INTERNAL_SERVER_ERROR and (
                    reply.status_code != HTTPStatus.TOO_MANY_REQUESTS
                ):
                    return reply
                failure = f"HTTP {reply.status_code}: {reply.text[:300]}"
            if wait is not None:
                time.sleep(wait)
        raise RegistryUnavailable(f"the image registry {self._host} does not answer: {failure}")

    def _request(
        self, method: str, path: str, headers: dict[str, str], data: Any
    ) -> requests.Response:
        address = urljoin(self._base, path)
        timeout = (CONNECT_SECONDS, READ_SECONDS)

        def once() -> requests.Response:
            return self._session.request(
                method, address, headers=headers, data=data, timeout=timeout, auth=self._sign
            )

        reply = once()
        if reply.status_code == HTTPStatus.UNAUTHORIZED and not isinstance(data, _Body):
            self._authorization = self._authorize(reply)
            reply = once()
        return reply

    def _sign(self, asked: requests.PreparedRequest) -> requests.PreparedRequest:
        # Without a function of ours the session would sign by ~/.netrc, whatever we give it.
        if self._authorization:
            asked.headers["Authorization"] = self._authorization
        return asked

    def _authorize(self, refused: requests.Response) -> str:
        """What to put into Authorization, by the challenge of a reply.

        Source: Distribution's token authentication, and RFC 7617 for Basic.
        """
        kind, _, rest = refused.headers.get("WWW-Authenticate", "").partition(" ")
        if kind.lower() == "basic" and self._credentials:
            user, password = self._credentials
            return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
        asked = dict(_CHALLENGE.findall(rest))
        if kind.lower() != "bearer" or "realm" not in asked:
            raise self._denied(refused)
        realm = asked.pop("realm")
        asked["scope"] = f"repository:{self._path}:pull,push"
        reply = self._session.get(
            realm, params=asked, auth=self._credentials, timeout=(CONNECT_SECONDS, READ_SECONDS)
        )
        if reply.status_code != HTTPStatus.OK:
            raise self._denied(reply)
        answer = reply.json()
        token = (answer.get("token") or answer.get("access_token")) if answer else ""
        if not token:
            raise self._denied(reply)
        return f"Bearer {token}"

    def _checked(self, reply: requests.Response, what: str) -> requests.Response:
        if reply.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self._denied(reply)
        if not reply.ok:
            raise RegistryRefused(
                f"the image registry {self._host} would not {what}: "
                f"HTTP {reply.status_code} {reply.text[:300]}"
            )
        return reply

    def _created(self, reply: requests.Response, what: str) -> None:
        self._checked(reply, what)
        if reply.status_code != HTTPStatus.CREATED:
            # Whoever answers 200 to everything, such as a page to sign in at, has stored nothing.
            raise RegistryRefused(
                f"the image registry {self._host} did not {what}: HTTP {reply.status_code}, "
                f"wanted 201; is {self.repository} the address of an image registry?"
            )

    def _denied(self, reply: requests.Response) -> RegistryRefused:
        return RegistryRefused(
            f"the image registry {self._host} denies access to {self._path} "
            f"(HTTP {reply.status_code}): sign in with `docker login {self._host}`"
        )


def _is_here(host: str) -> bool:
    name = host.partition(":")[0]
    return name == "localhost" or name.startswith("127.")


def _is_manifest(content: bytes) -> bool:
    try:
        found = json.loads(content)
    except ValueError:
        return False
    return isinstance(found, dict) and "config" in found and "layers" in found


class _Body:
    """Content sent in pieces, its length told before, so that it is never in memory whole."""

    def __init__(self, content: BinaryIO, size_bytes: int) -> None:
        self._content = content
        self._size_bytes = size_bytes

    def __len__(self) -> int:
        return self._size_bytes

    def __iter__(self) -> Iterator[bytes]:
        left = self._size_bytes
        while left and (piece := self._content.read(min(left, _CHUNK_BYTES))):
            left -= len(piece)
            yield piece
