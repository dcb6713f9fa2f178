"""Stand-in for Azure Resource Manager on this machine: one subscription, one resource group."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emulators.sdk_models import complaints
from flask import Blueprint, Flask, Response, jsonify
from werkzeug.serving import make_server

SUBSCRIPTION, RESOURCE_GROUP = "00000000-0000-0000-0000-000000000001", "scienceops-test"
PLACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}"


def problem(status: int, code: str, message: str) -> Response:
    """An error as Resource Manager tells it."""
    reply = jsonify({"error": {"code": code, "message": message}})
    reply.status_code = status
    return reply


def check(model: type, body: Any) -> Response | None:
    """A 400 that names what the SDK's model does not know; None when it knows it all."""
    found = list(complaints(model, body))
    return problem(400, "InvalidRequestContent", "; ".join(found)) if found else None


@contextmanager
def serving(*services: Blueprint) -> Iterator[str]:
    """Serve these services until the block ends; the address."""
    app = Flask("resource-manager")
    for routes in services:
        app.register_blueprint(routes, url_prefix=PLACE)

    @app.route("/subscriptions/<_>/providers/<path:what>")
    def outside(_: str, what: str) -> Response:
        """Roles of the platform are assigned in its group, and what is beside it is closed."""
        return problem(403, "AuthorizationFailed", f"does not have authorization: {what}")

    with serving_app(app) as address:
        yield address


@contextmanager
def serving_app(app: Flask) -> Iterator[str]:
    """Serve a stand-in on a free port of this machine until the block ends; the address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
