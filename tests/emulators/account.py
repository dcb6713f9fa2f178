"""The resources of one installation, made as infra/serverless.yml makes them, for tests."""

import json
from typing import Any
from uuid import uuid4

import boto3

from scienceops.aws_settings import AwsSettings
from scienceops.config import Settings

QUEUES = ("work", "captures", "alerts")
MAX_RECEIVE_COUNT = 5
TABLES = ("registry", "statistics")


class Account:
    """An AWS account, real or emulated, and one installation's names in it.

    Region, credentials and endpoint are what boto3 finds in the environment.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix or f"t{uuid4().hex[:10]}-"
        self.bucket = f"{self.prefix}bucket"
        self.settings = Settings(
            cloud="aws", aws=AwsSettings(bucket=self.bucket, prefix=self.prefix)
        )
        self._session = boto3.Session()

    def client(self, service: str) -> Any:
        """A client of the tests' own, beside those of the adapters."""
        return self._session.client(service)

    def make_bucket(self) -> None:
        """The bucket; who makes one outside us-east-1 has to say where."""
        s3 = self.client("s3")
        where = s3.meta.region_name
        given = {} if where == "us-east-1" else {"LocationConstraint": where}
        s3.create_bucket(
            Bucket=self.bucket, **({"CreateBucketConfiguration": given} if given else {})
        )

    def make_queues(self, *names: str) -> None:
        """Each queue with the one that its dead letters go to."""
        sqs = self.client("sqs")
        for name in names or QUEUES:
            dead = sqs.create_queue(QueueName=f"{self.prefix}{name}-dead")["QueueUrl"]
            arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
            redrive = {
                "deadLetterTargetArn": arn["Attributes"]["QueueArn"],
                "maxReceiveCount": MAX_RECEIVE_COUNT,
            }
            sqs.create_queue(
                QueueName=f"{self.prefix}{name}", Attributes={"RedrivePolicy": json.dumps(redrive)}
            )

    def make_events(self) -> str:
        """A queue that hears of every object that is created in the bucket; its URL."""
        sqs, name = self.client("sqs"), f"{self.prefix}events"
        url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn = found["Attributes"]["QueueArn"]
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{self.bucket}"}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        configuration = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
        self.client("s3").put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": [configuration]}
        )
        return url

    def make_tables(self) -> None:
        """Registry and statistics, both with the keys `partition` and `key`."""
        dynamodb = self.client("dynamodb")
        keys = (("partition", "HASH"), ("key", "RANGE"))
        for table in TABLES:
            dynamodb.create_table(
                TableName=f"{self.prefix}{table}",
                AttributeDefinitions=[
                    {"AttributeName": name, "AttributeType": "S"} for name, _ in keys
                ],
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        for table in TABLES:
            dynamodb.get_waiter("table_exists").wait(TableName=f"{self.prefix}{table}")

    def make_all(self) -> None:
        """Everything that the adapters of data use."""
        self.make_bucket()
        self.make_queues()
        self.make_tables()
