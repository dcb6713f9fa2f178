"""A scorer in a sandbox of Lambda, whose disk outlives its process."""

import tempfile

from scorer_container.on_lambda import room_for_package


def test_what_an_earlier_start_of_the_sandbox_left_makes_room(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    first = room_for_package()
    first.mkdir()
    (first / "half").touch()
    assert room_for_package() == first
    assert list(tmp_path.iterdir()) == []
