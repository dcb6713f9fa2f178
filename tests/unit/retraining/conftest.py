"""One scene for each test."""

import pytest
from retraining_scene import Scene


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path / "home")
