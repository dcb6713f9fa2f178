"""Child processes of these tests import from where the tests do."""

import os
import sys

import pytest


@pytest.fixture(autouse=True)
def _children_import_from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
