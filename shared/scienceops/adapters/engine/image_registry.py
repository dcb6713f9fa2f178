"""Image registry: one repository of images on this machine, for an engine that has none.

Its HTTP API is the OCI Distribution Specification 1.1: blobs, uploads in pieces, manifests, tags.
"""

import errno
import hmac
import json
import logging
from pathlib import Path

from flask import Flask, Response, request, send_file

from scienceops.adapters.engine.image_store import ImageStore
from scienceops.core.images import MANIFEST_TYPE, sha256
from scienceops.errors import NotFound, ScienceOpsError

log = logging.getLogger(__name__)

#: Nothing that is uploaded in one request may be larger.
LARGEST_BYTES = 16 * 1024**3


def create_registry(folder: Path, path: str, user: str, password: str) -> Flask:
    """The registry of the images in `folder`, as repository `path`, for one user."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BYTES
    store = ImageStore(folder)
    root = f"/v2/{path}"

    @app.before_request
    def check_user() -> Response | None:
        given = request.authorization
        if (
            given is not None
            and given.type == "basic"
            # As bytes: texts are compared in ASCII alone.
            and hmac.compare_digest((given.username or "").encode(), user.encode())
            and hmac.compare_digest((given.password or "").encode(), password.encode())
        ):
            return None
        reply = _error(401, "UNAUTHORIZED", "wanted the user and password of this registry")
        reply.headers["WWW-Authenticate"] = 'Basic realm="ScienceOps images"'
        return reply

    @app.errorhandler(ScienceOpsError)
    def tell(error: ScienceOpsError) -> Response:
        # An engine takes a missing manifest for missing by this code alone, else for a failure.
        kind = "MANIFEST" if request.path.startswith(f"{root}/manifests/") else "BLOB"
        invalid = "MANIFEST_INVALID" if kind == "MANIFEST" else "BLOB_UPLOAD_INVALID"
        code = f"{kind}_UNKNOWN" if isinstance(error, NotFound) else invalid
        return _error(error.http_status, code, str(error))

    @app.errorhandler(OSError)
    def tell_of_disk(error: OSError) -> Response:
        log.error("images not kept", extra={"reason": str(error)})
        status = 507 if error.errno in (errno.ENOSPC, errno.EDQUOT) else 500
        return _error(status, "UNKNOWN", f"{error.strerror}, where images are kept: {folder}")

    @app.get("/v2/")
    def version() -> Response:
        return Response("{}", mimetype="application/json")

    @app.get(f"{root}/blobs/<digest>")
    def blob(digest: str) -> Response:
        reply = send_file(store.blob(digest), mimetype="application/octet-stream")
        reply.headers["Docker-Content-Digest"] = digest
        return reply

    @app.post(f"{root}/blobs/uploads/")
    def begin() -> Response:
        return _accepted(store.begin(), 0)

    @app.patch(f"{root}/blobs/uploads/<upload>")
    def append(upload: str) -> Response:
        return _accepted(upload, store.append(upload, request.stream))

    @app.put(f"{root}/blobs/uploads/<upload>")
    def finish(upload: str) -> Response:
        digest = request.args.get("digest", "")
        store.append(upload, request.stream)
        store.finish(upload, digest)
        return _created(f"{root}/blobs/{digest}", digest)

    @app.delete(f"{root}/blobs/uploads/<upload>")
    def abandon(upload: str) -> Response:
        store.abandon(upload)
        return Response(status=204)

    @app.get(f"{root}/manifests/<reference>")
    def manifest(reference: str) -> Response:
        content = store.manifest(reference)
        kind = json.loads(content).get("mediaType", MANIFEST_TYPE)
        reply = Response(content, content_type=kind)
        reply.headers["Docker-Content-Digest"] = (
            reference if reference.startswith("sha256:") else sha256(content)
        )
        return reply

    @app.put(f"{root}/manifests/<reference>")
    def put_manifest(reference: str) -> Response:
        digest = store.put_manifest(reference, request.get_data())
        return _created(f"{root}/manifests/{digest}", digest)

    def _accepted(upload: str, size_bytes: int) -> Response:
        headers = {
            "Location": f"{root}/blobs/uploads/{upload}",
            "Range": f"0-{max(size_bytes - 1, 0)}",
            "Docker-Upload-UUID": upload,
        }
        return Response(status=202, headers=headers)

    return app


def _created(place: str, digest: str) -> Response:
    return Response(status=201, headers={"Location": place, "Docker-Content-Digest": digest})


def _error(status: int, code: str, message: str) -> Response:
    body = json.dumps({"errors": [{"code": code, "message": message}]})
    return Response(body, status, mimetype="application/json")
