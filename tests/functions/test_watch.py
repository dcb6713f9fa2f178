"""The watch announces a file when it rests, and again when it changes; the home has one host."""

import io
import os
import zipfile

import pytest

from functions.local.home import HomeLock, read_up
from functions.local.watch import PackageWatch
from scienceops.errors import HomeInUse


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "packages" / "iris"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def watch(tmp_path, clock):
    return PackageWatch(tmp_path, 10, clock)


def look(watch, handled=True):
    events = list(watch.look())
    for event in events if handled else []:
        watch.announced(event)
    return [event["key"] for event in events]


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("manifest.json", "{}")
    return out.getvalue()


def test_a_whole_zip_is_announced_at_the_second_equal_look_and_once(watch, folder):
    (folder / "iris.zip").write_bytes(a_zip())
    assert [look(watch) for _ in range(3)] == [[], ["packages/iris/iris.zip"], []]


def test_a_file_that_grows_is_left_alone_until_it_rests(watch, folder, clock):
    path = folder / "iris.zip"
    for part in range(4):
        path.write_bytes(b"x" * (part + 1))
        clock.now += 4
        assert look(watch) == []
    clock.now += 9
    assert look(watch) == []
    clock.now += 1
    assert look(watch) == ["packages/iris/iris.zip"]


def test_an_event_that_was_not_handled_comes_again(watch, folder):
    (folder / "iris.zip").write_bytes(a_zip())
    look(watch)
    assert look(watch, handled=False) == look(watch) == ["packages/iris/iris.zip"]
    assert look(watch) == []


def test_a_file_that_changed_is_announced_again(watch, folder):
    (folder / "iris.zip").write_bytes(a_zip())
    look(watch)
    look(watch)
    (folder / "iris.zip").write_bytes(a_zip() + a_zip())
    assert [look(watch), look(watch)] == [[], ["packages/iris/iris.zip"]]


def test_hidden_files_are_somebodys_work_in_progress(watch, folder, clock):
    (folder / ".iris.zip.part").write_bytes(a_zip())
    look(watch)
    clock.now += 60
    assert look(watch) == []


def test_a_home_has_one_host_and_says_which(tmp_path):
    first = HomeLock(tmp_path)
    first.say(pid=first.pid, url="http://127.0.0.1:1")
    with pytest.raises(HomeInUse, match=str(first.pid)):
        HomeLock(tmp_path)
    assert read_up(tmp_path)["url"] == "http://127.0.0.1:1"
    first.release()
    assert read_up(tmp_path) == {}
    HomeLock(tmp_path).release()


def test_whoever_looks_while_a_host_says_less_than_the_one_before_finds_it(tmp_path, monkeypatch):
    # Of a host that was killed, all that it said stands there.
    (tmp_path / "up.lock").write_text('{"pid": 1, "port": 8400, "url": "http://127.0.0.1:8400"}')
    found = []

    def write_and_look(*given, write=os.pwrite):
        count = write(*given)
        found.append(read_up(tmp_path))
        return count

    monkeypatch.setattr(os, "pwrite", write_and_look)
    lock = HomeLock(tmp_path)
    assert found == [{"pid": lock.pid}]
    lock.release()
