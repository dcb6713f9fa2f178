"""The scorer of Iris by its two faces: the fast one, and Flask behind it."""

import pytest
from face import Face
from models import pack_iris


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return pack_iris(tmp_path_factory.mktemp("package"))


@pytest.fixture(params=["fast", "flask"])
def face(request, tmp_path, package):
    return Face(tmp_path, package, fast=request.param == "fast")
