"""S3ObjectStore: a bucket; a put is one request, so that it is seen whole or not at all."""

import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from scienceops.adapters.aws.clients import error_code
from scienceops.core.object_keys import check_object_key
from scienceops.errors import BadInput, ObjectExists, ObjectNotFound
from scienceops.ports.object_store import ObjectInfo

#: Metadata of an object that was put if absent: which put it was.
WRITER = "scienceops-writer"

_CHUNK_BYTES = 1024 * 1024
#: Times that a body is read from its beginning when the connection breaks in the middle.
_READS = 4
#: Times that a put is tried while another put of the same key is under way.
_PUTS = 8
_CONFLICT_SECONDS = 0.1
_MISSING = ("404", "NoSuchKey", "NotFound")
_REPLACED = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict", *_MISSING)

T = TypeVar("T")


class S3ObjectStore:
    """ObjectStore in an S3 bucket, whose notifications announce each write.

    An object that was found taken is announced once more by a copy onto itself, which S3 reports
    as ObjectCreated:Copy. The content, and with it the etag, stays: the bucket must encrypt by
    SSE-S3, under which an etag is a digest of the content. An object has at most 5 GB, since one
    request has.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, key: str, data: bytes | Path, *, if_absent: bool = False) -> ObjectInfo:
        """Store it by one request; with if_absent on condition that the key is free."""
        writer = uuid.uuid4().hex
        condition = {"IfNoneMatch": "*", "Metadata": {WRITER: writer}} if if_absent else {}
        for attempt in range(1, _PUTS + 1):
            try:
                return self._put(check_object_key(key), data, condition)
            except ClientError as error:
                code = error_code(error)
                if if_absent and code == "PreconditionFailed":
                    break
                if code != "ConditionalRequestConflict" or attempt == _PUTS:
                    raise
                time.sleep(_CONFLICT_SECONDS * random.random() * 2**attempt)
        return self._own_write(key, writer)

    def get(self, key: str) -> bytes:
        """The content."""
        return self._read(key, lambda reply: bytes(reply["Body"].read()))

    def download(self, key: str, path: Path) -> ObjectInfo:
        """Read into a file beside `path`, which takes its place when it is whole."""
        beside = path.with_name(f".{uuid.uuid4().hex}")

        def write(reply: dict[str, Any]) -> ObjectInfo:
            with beside.open("wb") as out:
                for chunk in reply["Body"].iter_chunks(_CHUNK_BYTES):
                    out.write(chunk)
            return _info(key, reply["ContentLength"], reply)

        try:
            info = self._read(key, write)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        return info

    def stat(self, key: str) -> ObjectInfo:
        """Size, etag and time."""
        reply = self._head(key)
        return _info(key, reply["ContentLength"], reply)

    def scan(self, prefix: str) -> Iterator[ObjectInfo]:
        """Page by page, in the order of their UTF-8, which is S3's own."""
        pages = self._s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                # The console makes a folder by an object called `folder/`, which is no key here.
                if _is_key(found["Key"]):
                    yield _info(found["Key"], found["Size"], found)

    def delete(self, key: str) -> None:
        """Remove it."""
        self._s3.delete_object(Bucket=self._bucket, Key=check_object_key(key))

    def _put(self, key: str, data: bytes | Path, condition: dict[str, Any]) -> ObjectInfo:
        if isinstance(data, bytes):
            reply = self._s3.put_object(Bucket=self._bucket, Key=key, Body=data, **condition)
            size = len(data)
        else:
            with data.open("rb") as source:
                reply = self._s3.put_object(Bucket=self._bucket, Key=key, Body=source, **condition)
                size = source.tell()
        at = parsedate_to_datetime(reply["ResponseMetadata"]["HTTPHeaders"]["date"])
        return _info(key, size, {**reply, "LastModified": at})

    def _own_write(self, key: str, writer: str) -> ObjectInfo:
        """What this very put wrote, if its first answer was lost and the key was taken by itself.

        Otherwise the object is announced once more, and ObjectExists raised.
        """
        try:
            found = self._head(key)
        except ObjectNotFound:
            raise ObjectExists(key) from None
        if found["Metadata"].get(WRITER) == writer:
            return _info(key, found["ContentLength"], found)
        try:
            self._s3.copy_object(
                Bucket=self._bucket,
                Key=key,
                CopySource={"Bucket": self._bucket, "Key": key},
                # What was put over it since then has announced itself, and must stay.
                CopySourceIfMatch=found["ETag"],
                IfMatch=found["ETag"],
                MetadataDirective="REPLACE",
                Metadata=found["Metadata"],
                ContentType=found.get("ContentType", "binary/octet-stream"),
            )
        except ClientError as error:
            if error_code(error) not in _REPLACED:
                raise
        raise ObjectExists(key)

    def _head(self, key: str) -> dict[str, Any]:
        with _missing_named(key):
            reply: dict[str, Any] = self._s3.head_object(
                Bucket=self._bucket, Key=check_object_key(key)
            )
        return reply

    def _read(self, key: str, use: Callable[[dict[str, Any]], T]) -> T:
        """What `use` makes of the reply; begun again when the connection breaks under it."""
        check_object_key(key)
        for attempt in range(1, _READS + 1):
            with _missing_named(key):
                reply = self._s3.get_object(Bucket=self._bucket, Key=key)
            try:
                return use(reply)
            except BotoCoreError:
                # The SDK retries requests, but not the reading of what they brought.
                if attempt == _READS:
                    raise
        raise AssertionError("the last attempt returns or raises")


@contextmanager
def _missing_named(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error_code(error) not in _MISSING:
            raise
        raise ObjectNotFound(key) from None


def _info(key: str, size: int, found: dict[str, Any]) -> ObjectInfo:
    return ObjectInfo(key, size, found["ETag"].strip('"'), found["LastModified"].astimezone(UTC))


def _is_key(key: str) -> bool:
    try:
        check_object_key(key)
    except BadInput:
        return False
    return True
