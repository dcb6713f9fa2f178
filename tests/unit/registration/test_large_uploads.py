"""An upload over the limit is refused unread: what registers it may have no room for it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scienceops.adapters.local import connect
from scienceops.app import App
from scienceops.config import Settings
from scienceops.core.versions import Rejection

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = "packages/iris/all-of-it.zip"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    settings = Settings(home=tmp_path, upload_limit_bytes=100)
    app = App(connect(settings), settings, lambda: NOW)

    def download(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(app.ports.objects, "download", download)
    app.ports.objects.put(KEY, b"x" * 101)
    return app


def test_it_is_rejected_with_the_reason_once(app):
    for _ in range(2):
        found = app.register_upload(KEY)
        assert isinstance(found, Rejection)
        assert found.reason == "101 bytes are over the limit of 100"
        assert "SCIENCEOPS_UPLOAD_LIMIT_BYTES" in found.fix
    assert len(app.rejections()) == 1


def test_who_pushed_it_is_told(app):
    app.register_upload(KEY)
    told = app.upload(KEY, "the digest of what was pushed")
    assert told["rejection"]["size_bytes"] == 101
