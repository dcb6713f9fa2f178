"""The resources of one installation, made as infra/serverless.yml makes them, for tests."""

import json
import os
from typing import Any
from uuid import uuid4

import boto3

from scienceops.aws_settings import AwsSettings
from scienceops.config import Settings
from scienceops.ports.message_queue import MAX_ATTEMPTS

QUEUES = ("work", "captures", "alerts")
TABLES = ("registry", "statistics")
#: An emulator has one server, a real account many.
LOOK_SECONDS = "1" if os.environ.get("LIVE_CLOUD") == "1" else "0"


def tables(dynamodb: Any, prefix: str) -> list[str]:
    """The names of all tables that begin with the prefix; DynamoDB tells 100 at a time."""
    pages = dynamodb.get_paginator("list_tables").paginate()
    return [name for page in pages for name in page["TableNames"] if name.startswith(prefix)]


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

    def client(self, service: str) -> Any:
        """A client of the tests' own, beside those of the adapters."""
        return boto3.client(service)

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
                "maxReceiveCount": MAX_ATTEMPTS,
            }
            sqs.create_queue(
                QueueName=f"{self.prefix}{name}",
                Attributes={
                    "RedrivePolicy": json.dumps(redrive),
                    # A look without waiting asks some of SQS's servers, and may miss a message.
                    "ReceiveMessageWaitTimeSeconds": LOOK_SECONDS,
                },
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

    def delete_all(self) -> None:
        """Whatever was made under the prefix, with its content."""
        sqs, dynamodb, s3 = (self.client(name) for name in ("sqs", "dynamodb", "s3"))
        secrets = self.client("secretsmanager")
        for url in sqs.list_queues(QueueNamePrefix=self.prefix).get("QueueUrls", ()):
            sqs.delete_queue(QueueUrl=url)
        for name in tables(dynamodb, self.prefix):
            dynamodb.delete_table(TableName=name)
        named = [{"Key": "name", "Values": [self.prefix]}]
        for page in secrets.get_paginator("list_secrets").paginate(Filters=named):
            for found in page["SecretList"]:
                secrets.delete_secret(SecretId=found["ARN"], ForceDeleteWithoutRecovery=True)
        if self.bucket not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
            return
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for found in page.get("Contents", ()):
                s3.delete_object(Bucket=self.bucket, Key=found["Key"])
        s3.delete_bucket(Bucket=self.bucket)
