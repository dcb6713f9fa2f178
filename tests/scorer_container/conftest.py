"""The scorer of Iris by its two faces, the fast one and Flask behind it, and its HTTP server."""

import pytest
from face import Face
from http_server import served
from models import pack_iris


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return pack_iris(tmp_path_factory.mktemp("package"))


@pytest.fixture(params=["fast", "flask"])
def face(request, tmp_path, package):
    return Face(tmp_path, package, fast=request.param == "fast")


@pytest.fixture(scope="module")
def server():
    """The HTTP server, before an app made to be asked oddly."""
    with served() as running:
        yield running
