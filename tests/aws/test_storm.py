"""The storm on an emulated account: all that is stored is AWS's, faults are put in by botocore.

What computes is a stand-in (storm_stand_ins.py); the emulator announces what its bucket takes.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

import pytest
from aws.weather import fall_on
from emulators.account import Account
from emulators.aws import point_sdk_at
from emulators.child import Emulator
from storm import Storm, StormPromises, Weather
from storm_stand_ins import StandInBuilder, StandInJobs, StandInRuntime

from scienceops.adapters.aws.clients import LazyClient
from scienceops.adapters.aws.message_queue import SqsMessageQueue
from scienceops.adapters.aws.model_registry import DynamoModelRegistry
from scienceops.adapters.aws.object_store import S3ObjectStore
from scienceops.adapters.aws.secret_store import SecretsManagerStore
from scienceops.adapters.aws.statistics_store import DynamoStatisticsStore
from scienceops.ports import Ports


class AwsStorm(Storm):
    """The storm over ministack."""

    def __init__(self, account: Account) -> None:
        account.make_all()
        self._events = account.make_events()
        self._sqs = account.client("sqs")
        weather = Weather()
        s3, sqs, dynamodb, secrets = (
            fall_on(LazyClient(name), weather)
            for name in ("s3", "sqs", "dynamodb", "secretsmanager")
        )
        objects = S3ObjectStore(s3, account.bucket)
        statistics = DynamoStatisticsStore(dynamodb, f"{account.prefix}statistics")
        ports = Ports(
            objects=objects,
            queue=SqsMessageQueue(sqs, account.prefix),
            registry=DynamoModelRegistry(dynamodb, f"{account.prefix}registry"),
            builder=StandInBuilder(),
            runtime=StandInRuntime(),
            jobs=StandInJobs(objects, statistics),
            statistics=statistics,
            secrets=SecretsManagerStore(secrets, account.prefix),
        )
        super().__init__(ports, account.settings, weather)

    def take_announced(self) -> list[str]:
        """The keys of the bucket's own events."""
        reply = self._sqs.receive_message(QueueUrl=self._events, MaxNumberOfMessages=10)
        messages: list[dict[str, Any]] = reply.get("Messages", [])
        if messages:
            entries = [
                {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)
            ]
            self._sqs.delete_message_batch(QueueUrl=self._events, Entries=entries)
        records = [r for m in messages for r in json.loads(m["Body"]).get("Records", [])]
        return [unquote_plus(record["s3"]["object"]["key"]) for record in records]


@pytest.fixture(scope="module")
def storm(ministack: Emulator) -> Iterator[AwsStorm]:
    """The platform after the storm."""
    with pytest.MonkeyPatch.context() as patch:
        point_sdk_at(ministack.url, patch)
        storm = AwsStorm(Account())
        storm.rage()
        yield storm


class TestAwsStorm(StormPromises):
    """Nothing was lost, and nothing done twice."""
