"""FolderObjectStore keeps the promises of the bucket, also when processes race and die."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from contract.object_store import ObjectStoreContract
from contract.processes import race, start_racer, tell_to_go
from contract.racers import KEY, open_store

from scienceops.adapters.local import object_store
from scienceops.adapters.local.message_queue import SqliteMessageQueue
from scienceops.adapters.local.object_store import PARTIAL, FolderObjectStore
from scienceops.errors import BadInput, ObjectExists, ObjectNotFound


def take_events(home: Path) -> list[tuple[str, int]]:
    queue = SqliteMessageQueue(home / "platform.db")
    return [(d.body["key"], d.body["size_bytes"]) for d in queue.receive("events", most=1000)]


class TestFolderObjectStore(ObjectStoreContract):
    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        return tmp_path / "home"

    @pytest.fixture
    def store(self, home: Path) -> FolderObjectStore:
        home.mkdir()
        return open_store(home)

    @pytest.fixture
    def another(self, store: FolderObjectStore, home: Path) -> FolderObjectStore:
        return open_store(home)

    @pytest.fixture
    def announced(self, home: Path) -> Callable[[], list[tuple[str, int]]]:
        return lambda: take_events(home)

    def test_of_racing_processes_exactly_one_wins(
        self, store: FolderObjectStore, home: Path
    ) -> None:
        said = race("put_if_absent", home, ["1", "2", "3", "4"])
        assert sorted(said) == [["lost"], ["lost"], ["lost"], ["won"]]
        winner = said.index(["won"]) + 1
        assert store.get(KEY) == b"%d" % winner * 1000

    def test_a_writer_killed_in_the_middle_of_a_put_leaves_nothing_to_see(
        self, store: FolderObjectStore, home: Path
    ) -> None:
        os.mkfifo(home / "pipe")
        writer = start_racer("put_from_pipe", home, str(home / "pipe"))
        tell_to_go(writer)
        with (home / "pipe").open("wb", buffering=0) as pipe:
            # More than a pipe holds: when this returns, the writer has begun to write.
            pipe.write(b"x" * 1_000_000)
            writer.kill()
            writer.communicate()
        assert list(store.scan("")) == []
        assert take_events(home) == []
        with pytest.raises(ObjectNotFound):
            store.get(KEY)

    def test_what_a_dead_writer_left_is_removed_by_the_next_process(
        self, store: FolderObjectStore, home: Path
    ) -> None:
        left = home / "bucket" / PARTIAL / "left"
        left.write_bytes(b"half")
        open_store(home)
        assert left.exists(), "a file this young may be a living writer's"
        os.utime(left, (1, 1))
        open_store(home)
        assert not left.exists()

    def test_what_a_dead_writer_has_shown_lasts_once_another_is_told_of_it(
        self, store: FolderObjectStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(BaseException):
            pass

        synced: list[Path] = []

        def die(_: Path) -> None:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(object_store, "sync_folder", die)
            with pytest.raises(Killed):
                store.put("captures/a", b"rows", if_absent=True)
        monkeypatch.setattr(object_store, "sync_folder", synced.append)
        with pytest.raises(ObjectExists):
            store.put("captures/a", b"rows", if_absent=True)
        assert [folder.name for folder in synced] == ["captures"]

    def test_a_symbolic_link_does_not_lead_out_of_the_bucket(
        self, store: FolderObjectStore, home: Path
    ) -> None:
        (home / "outside").mkdir()
        (home / "outside" / "secret").write_bytes(b"secret")
        (home / "bucket" / "packages").symlink_to(home / "outside")
        assert list(store.scan("")) == []
        with pytest.raises(BadInput, match="symbolic link"):
            store.get("packages/secret")
        with pytest.raises(BadInput, match="symbolic link"):
            store.put("packages/new", b"1")

    def test_an_object_cannot_stand_where_a_folder_is(self, store: FolderObjectStore) -> None:
        store.put("a/b", b"1")
        for if_absent in (False, True):
            with pytest.raises(BadInput, match="'a' cannot be stored"):
                store.put("a", b"1", if_absent=if_absent)
            with pytest.raises(BadInput, match="'a/b/c' cannot be stored"):
                store.put("a/b/c", b"1", if_absent=if_absent)

    def test_the_bucket_itself_may_be_a_link_to_another_disk(self, home: Path) -> None:
        (home / "disk").mkdir(parents=True)
        (home / "bucket").symlink_to(home / "disk")
        store = open_store(home)
        store.put("a/b", b"1")
        assert [info.key for info in store.scan("a")] == ["a/b"]

    def test_a_file_name_that_is_no_text_is_no_object(
        self, store: FolderObjectStore, home: Path
    ) -> None:
        store.put("packages/iris/model.zip", b"1")
        Path(os.fsdecode(os.fsencode(home) + b"/bucket/packages/iris/\xff.zip")).write_bytes(b"1")
        assert [info.key for info in store.scan("packages/")] == ["packages/iris/model.zip"]

    def test_a_folder_that_was_made_by_hand_outlives_its_last_object(
        self, store: FolderObjectStore, home: Path
    ) -> None:
        store.put("packages/iris/model.zip", b"1")
        store.delete("packages/iris/model.zip")
        assert (home / "bucket" / "packages" / "iris").is_dir()
