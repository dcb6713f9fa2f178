"""What every ObjectStore promises. Inherit it, give `store`, `another` and `announced`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from contract.waiting import wait_for

from scienceops.errors import BadInput, ObjectExists, ObjectNotFound
from scienceops.ports.object_store import ObjectStore

BAD_KEYS = [
    "",
    "/",
    "/etc/passwd",
    "packages/",
    "packages//model.zip",
    "../outside",
    "packages/../../outside",
    "packages/./model.zip",
    "packages/..",
    "nul\0byte",
    "back\\slash",
    "half a pair \ud800",
    "n" * 256,
    "/".join(["n" * 200] * 6),
]

PACKAGE = "packages/iris/model.zip"
ORDERED_KEYS = ["a-b", "a/b-c", "a/b/c/d", "a/b0", "a/é", "a0", "b", "ba/x"]


class ObjectStoreContract:
    @pytest.fixture
    def store(self) -> ObjectStore:
        """An empty bucket."""
        raise NotImplementedError

    @pytest.fixture
    def another(self) -> ObjectStore:
        """A second client of the same bucket."""
        raise NotImplementedError

    @pytest.fixture
    def announced(self) -> Callable[[], list[tuple[str, int]]]:
        """Takes the (key, size) of every write that was announced since the last call."""
        raise NotImplementedError

    @pytest.mark.parametrize("data", [b"", b"\x00\r\n\xff" * 1000], ids=["empty", "binary"])
    def test_what_was_put_is_read_back_byte_for_byte(
        self, store: ObjectStore, another: ObjectStore, data: bytes
    ) -> None:
        store.put(PACKAGE, data)
        assert another.get(PACKAGE) == data

    def test_the_content_of_a_file_is_stored(self, store: ObjectStore, tmp_path: Path) -> None:
        (tmp_path / "model.zip").write_bytes(b"zip" * 1000)
        info = store.put("packages/iris/model.zip", tmp_path / "model.zip")
        assert info.size_bytes == 3000
        assert store.get("packages/iris/model.zip") == b"zip" * 1000

    def test_a_put_replaces_what_was_there(self, store: ObjectStore) -> None:
        store.put("a", b"old and long")
        store.put("a", b"new")
        assert store.get("a") == b"new"

    def test_put_stat_scan_and_download_tell_the_same(
        self, store: ObjectStore, tmp_path: Path
    ) -> None:
        put = store.put("a/b", b"12345")
        assert (put.key, put.size_bytes) == ("a/b", 5)
        assert store.stat("a/b").etag == put.etag
        assert [info.etag for info in store.scan("a/")] == [put.etag]
        assert store.download("a/b", tmp_path / "copy").etag == put.etag

    def test_the_time_of_a_write_is_utc_and_now(self, store: ObjectStore) -> None:
        store.put("a", b"1")
        modified_at = store.stat("a").modified_at
        assert modified_at.utcoffset() == timedelta(0)
        assert abs(modified_at - datetime.now(UTC)) < timedelta(minutes=5)

    def test_other_content_has_another_etag_even_within_a_moment(self, store: ObjectStore) -> None:
        etags = [store.put("a", b"%03d" % number).etag for number in range(20)]
        assert len(set(etags)) == 20

    def test_a_download_writes_the_content_to_the_path(
        self, store: ObjectStore, tmp_path: Path
    ) -> None:
        store.put("a", b"content")
        (tmp_path / "copy").write_bytes(b"what was there before")
        assert store.download("a", tmp_path / "copy").size_bytes == 7
        assert (tmp_path / "copy").read_bytes() == b"content"

    @pytest.mark.parametrize("key", ["missing", "there/missing", "there", "there/object/below"])
    def test_get_of_a_missing_key_names_the_key(self, store: ObjectStore, key: str) -> None:
        store.put("there/object", b"1")
        with pytest.raises(ObjectNotFound, match=f"'{key}'"):
            store.get(key)

    @pytest.mark.parametrize("key", ["missing", "there", "there/object/below"])
    def test_stat_of_a_missing_key_names_the_key(self, store: ObjectStore, key: str) -> None:
        store.put("there/object", b"1")
        with pytest.raises(ObjectNotFound, match=f"'{key}'"):
            store.stat(key)

    @pytest.mark.parametrize("key", ["missing", "there", "there/object/below"])
    def test_a_download_of_a_missing_key_leaves_no_file(
        self, store: ObjectStore, tmp_path: Path, key: str
    ) -> None:
        store.put("there/object", b"1")
        folder = tmp_path / "downloads"
        folder.mkdir()
        with pytest.raises(ObjectNotFound, match=f"'{key}'"):
            store.download(key, folder / "copy")
        assert list(folder.iterdir()) == []

    def test_put_if_absent_stores_under_a_free_key(self, store: ObjectStore) -> None:
        store.put("a", b"first", if_absent=True)
        assert store.get("a") == b"first"

    def test_put_if_absent_changes_nothing_under_a_taken_key(
        self, store: ObjectStore, another: ObjectStore
    ) -> None:
        first = store.put("a", b"first")
        with pytest.raises(ObjectExists, match="'a'"):
            another.put("a", b"other", if_absent=True)
        assert store.get("a") == b"first"
        assert store.stat("a").etag == first.etag

    def test_of_many_writers_of_a_free_key_exactly_one_wins(
        self, store: ObjectStore, another: ObjectStore
    ) -> None:
        def write(number: int) -> bytes | None:
            data = b"%d" % number * 10_000
            try:
                (store, another)[number % 2].put("a/b/c", data, if_absent=True)
            except ObjectExists:
                return None
            return data

        with ThreadPoolExecutor(8) as pool:
            won = [data for data in pool.map(write, range(8)) if data is not None]
        assert won == [store.get("a/b/c")]

    def test_a_reader_beside_a_writer_sees_one_whole_content(
        self, store: ObjectStore, another: ObjectStore
    ) -> None:
        contents = [b"%d" % number * 300_000 for number in range(10)]
        store.put("a", contents[0])
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(lambda: [store.put("a", data) for data in contents])
            while not writing.done():
                assert another.get("a") in contents
            writing.result()

    def test_a_scan_is_in_key_order(self, store: ObjectStore) -> None:
        for key in reversed(ORDERED_KEYS):
            store.put(key, b"1")
        assert [info.key for info in store.scan("")] == ORDERED_KEYS

    @pytest.mark.parametrize(
        "prefix", ["a", "a/", "a/b", "a/b/", "a/b/c/d", "a-", "b", "a/b/c/d/e", "c", "A"]
    )
    def test_a_scan_takes_any_string_as_prefix(self, store: ObjectStore, prefix: str) -> None:
        for key in ORDERED_KEYS:
            store.put(key, b"1")
        wanted = [key for key in ORDERED_KEYS if key.startswith(prefix)]
        assert [info.key for info in store.scan(prefix)] == wanted

    @pytest.mark.parametrize("prefix", ["/", "../", "a//", "./", "a/../", "\0"])
    def test_a_scan_for_what_no_key_begins_with_finds_nothing(
        self, store: ObjectStore, prefix: str
    ) -> None:
        store.put("a/b", b"1")
        assert list(store.scan(prefix)) == []

    def test_what_was_deleted_is_gone(self, store: ObjectStore, another: ObjectStore) -> None:
        store.put("a/b", b"1")
        store.delete("a/b")
        assert list(another.scan("")) == []
        with pytest.raises(ObjectNotFound):
            another.get("a/b")

    @pytest.mark.parametrize("key", ["missing", "there", "there/object/below"])
    def test_deleting_what_is_not_there_does_nothing(self, store: ObjectStore, key: str) -> None:
        store.put("there/object", b"1")
        store.delete(key)
        assert store.get("there/object") == b"1"

    @pytest.mark.parametrize("key", BAD_KEYS, ids=range(len(BAD_KEYS)))
    def test_a_key_that_not_every_platform_can_store_is_refused(
        self, store: ObjectStore, tmp_path: Path, key: str
    ) -> None:
        for use in (
            lambda: store.put(key, b"1"),
            lambda: store.get(key),
            lambda: store.stat(key),
            lambda: store.download(key, tmp_path / "copy"),
            lambda: store.delete(key),
        ):
            with pytest.raises(BadInput, match="no object key"):
                use()

    def test_each_write_is_announced_with_its_key_and_size(
        self, store: ObjectStore, announced: Callable[[], list[tuple[str, int]]]
    ) -> None:
        for data in (b"12345", b"123"):
            store.put(PACKAGE, data)
            wait_for(announced, lambda told, data=data: (PACKAGE, len(data)) in told)

    def test_a_put_if_absent_of_a_taken_key_announces_it_once_more(
        self, store: ObjectStore, announced: Callable[[], list[tuple[str, int]]]
    ) -> None:
        # A key that a door waits for: of others a platform need not tell anybody.
        store.put(PACKAGE, b"12345", if_absent=True)
        wait_for(announced, lambda told: (PACKAGE, 5) in told)
        with pytest.raises(ObjectExists):
            store.put(PACKAGE, b"other", if_absent=True)
        wait_for(announced, lambda told: (PACKAGE, 5) in told)
