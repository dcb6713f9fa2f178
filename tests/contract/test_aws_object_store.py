"""S3ObjectStore keeps the promises of the bucket, on an emulator and on a real object store."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ResponseStreamingError
from contract.object_store import ORDERED_KEYS, ObjectStoreContract
from emulators.account import Account
from emulators.aws import point_sdk_at
from emulators.child import Emulator

from scienceops.adapters.aws.clients import LazyClient
from scienceops.adapters.aws.object_store import S3ObjectStore
from scienceops.errors import ObjectExists


class Events:
    """The queue that the bucket's notifications go to."""

    def __init__(self, account: Account) -> None:
        self._sqs = account.client("sqs")
        self._url = account.make_events()

    def take(self) -> list[tuple[str, int]]:
        """Those that come until none has come for a second."""
        taken: list[tuple[str, int]] = []
        while found := self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1
        ).get("Messages"):
            for message in found:
                for event in json.loads(message["Body"]).get("Records", []):
                    assert event["eventName"].startswith("ObjectCreated:")
                    taken.append((event["s3"]["object"]["key"], event["s3"]["object"]["size"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return taken


class LosesFirstAnswer:
    """A client whose first put is carried out twice, as the SDK does when no answer comes."""

    def __init__(self, s3: LazyClient) -> None:
        self._s3 = s3
        self._lost = False

    def put_object(self, **request: Any) -> Any:
        if not self._lost:
            self._lost = True
            self._s3.put_object(**request)
        return self._s3.put_object(**request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)


class BreaksOff:
    """A client whose first body breaks off when it is read."""

    def __init__(self, s3: LazyClient) -> None:
        self._s3 = s3
        self._broken = False

    def get_object(self, **request: Any) -> Any:
        reply = self._s3.get_object(**request)
        if not self._broken:
            self._broken = True
            reply["Body"] = self
        return reply

    def read(self) -> bytes:
        raise ResponseStreamingError(error="broken off")

    def iter_chunks(self, size: int) -> Any:
        yield b"1"
        raise ResponseStreamingError(error="broken off")


class ConflictsOnce:
    """A client whose first put meets another put of the same key that is under way."""

    def __init__(self, s3: LazyClient) -> None:
        self._s3 = s3
        self.puts = 0

    def put_object(self, **request: Any) -> Any:
        self.puts += 1
        if self.puts == 1:
            error = {"Error": {"Code": "ConditionalRequestConflict", "Message": "under way"}}
            raise ClientError(error, "PutObject")
        return self._s3.put_object(**request)


class ReplacedUnderneath:
    """A client under which another content is put after each look at an object."""

    def __init__(self, s3: LazyClient) -> None:
        self._s3 = s3

    def head_object(self, **request: Any) -> Any:
        reply = self._s3.head_object(**request)
        self._s3.put_object(**request, Body=b"newer")
        return reply

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)


class S3Contract(ObjectStoreContract):
    @pytest.fixture
    def store(self, account: Account) -> S3ObjectStore:
        account.make_bucket()
        return S3ObjectStore(LazyClient("s3"), account.bucket)

    @pytest.fixture
    def another(self, account: Account) -> S3ObjectStore:
        return S3ObjectStore(LazyClient("s3"), account.bucket)

    def test_what_a_console_calls_a_folder_is_no_object(
        self, store: S3ObjectStore, account: Account
    ) -> None:
        account.client("s3").put_object(Bucket=account.bucket, Key="packages/iris/", Body=b"")
        store.put("packages/iris/model.zip", b"1")
        assert [info.key for info in store.scan("packages/")] == ["packages/iris/model.zip"]


class TestS3ObjectStore(S3Contract):
    @pytest.fixture
    def announced(self, account: Account, store: S3ObjectStore) -> Callable[[], Any]:
        return Events(account).take

    def test_a_put_whose_answer_was_lost_is_no_collision(
        self, account: Account, store: S3ObjectStore
    ) -> None:
        lossy = LosesFirstAnswer(LazyClient("s3"))
        assert S3ObjectStore(lossy, account.bucket).put("a", b"123", if_absent=True).size_bytes == 3
        with pytest.raises(ObjectExists):
            store.put("a", b"other", if_absent=True)
        assert store.get("a") == b"123"

    def test_a_put_that_meets_another_is_tried_again(
        self, account: Account, store: S3ObjectStore
    ) -> None:
        client = ConflictsOnce(LazyClient("s3"))
        S3ObjectStore(client, account.bucket).put("a", b"123", if_absent=True)
        assert (client.puts, store.get("a")) == (2, b"123")

    def test_what_replaces_a_taken_object_is_not_undone_by_its_announcement(
        self, account: Account, store: S3ObjectStore
    ) -> None:
        store.put("a", b"first")
        beside = S3ObjectStore(ReplacedUnderneath(LazyClient("s3")), account.bucket)
        with pytest.raises(ObjectExists):
            beside.put("a", b"other", if_absent=True)
        assert store.get("a") == b"newer"

    def test_a_body_that_breaks_off_is_read_again(
        self, account: Account, store: S3ObjectStore, tmp_path: Path
    ) -> None:
        store.put("a", b"123")
        assert S3ObjectStore(BreaksOff(LazyClient("s3")), account.bucket).get("a") == b"123"
        broken = S3ObjectStore(BreaksOff(LazyClient("s3")), account.bucket)
        assert broken.download("a", tmp_path / "copy").size_bytes == 3
        assert (tmp_path / "copy").read_bytes() == b"123"
        assert [path.name for path in tmp_path.iterdir()] == ["copy"]


class TestS3ObjectStoreOnSeaweed(S3Contract):
    """The promises that a store with disks keeps too; in one bucket, since each takes volumes.

    It lists folder by folder, `a/b` before `a-b`, takes the prefix `a//` for `a/`, and announces
    the changes of its filer instead of S3's events: these promises are left out.
    """

    test_a_scan_is_in_key_order = None
    test_a_scan_takes_any_string_as_prefix = None
    test_a_scan_for_what_no_key_begins_with_finds_nothing = None
    test_each_write_is_announced_with_its_key_and_size = None
    test_a_put_if_absent_of_a_taken_key_announces_it_once_more = None

    @pytest.fixture
    def account(self, seaweed: Emulator, monkeypatch: pytest.MonkeyPatch) -> Account:
        point_sdk_at(seaweed.url, monkeypatch)
        return Account("contract-")

    @pytest.fixture
    def store(self, account: Account) -> S3ObjectStore:
        s3 = account.client("s3")
        if not s3.list_buckets()["Buckets"]:
            account.make_bucket()
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=account.bucket):
            for found in page.get("Contents", ()):
                s3.delete_object(Bucket=account.bucket, Key=found["Key"])
        return S3ObjectStore(LazyClient("s3"), account.bucket)

    @pytest.mark.parametrize("prefix", ["", "a", "a/", "a/b", "a/b/c/d", "a-", "c"])
    def test_a_scan_tells_each_key_once(self, store: S3ObjectStore, prefix: str) -> None:
        for key in ORDERED_KEYS:
            store.put(key, b"1")
        wanted = [key for key in ORDERED_KEYS if key.startswith(prefix)]
        assert sorted(info.key for info in store.scan(prefix)) == wanted
