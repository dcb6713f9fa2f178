"""The emulators are up, apart for each test, and close to what AWS promises."""

from emulators.account import Account, tables
from emulators.aws import point_sdk_at


def test_an_installation_has_its_bucket_queues_and_tables(account: Account) -> None:
    account.make_all()
    queues = account.client("sqs").list_queues(QueueNamePrefix=account.prefix)["QueueUrls"]
    assert sorted(url.rpartition(account.prefix)[2] for url in queues) == [
        "alerts",
        "alerts-dead",
        "captures",
        "captures-dead",
        "work",
        "work-dead",
    ]
    names = tables(account.client("dynamodb"), account.prefix)
    assert set(names) == {f"{account.prefix}registry", f"{account.prefix}statistics"}


def test_another_test_s_installation_is_not_seen(account: Account) -> None:
    account.make_bucket()
    assert "Contents" not in account.client("s3").list_objects_v2(Bucket=account.bucket)


def test_what_was_made_for_a_test_can_be_deleted_with_its_content(account: Account) -> None:
    account.make_all()
    account.make_events()
    account.client("s3").put_object(Bucket=account.bucket, Key="a", Body=b"1")
    account.client("secretsmanager").create_secret(Name=f"{account.prefix}a", SecretString="1")
    account.delete_all()
    secrets = account.client("secretsmanager").get_paginator("list_secrets").paginate()
    left = [
        account.client("sqs").list_queues(QueueNamePrefix=account.prefix).get("QueueUrls", []),
        tables(account.client("dynamodb"), account.prefix),
        [found["Name"] for page in secrets for found in page["SecretList"]],
        [found["Name"] for found in account.client("s3").list_buckets()["Buckets"]],
    ]
    assert not [name for names in left for name in names if account.prefix in name]


def test_the_real_object_store_takes_a_bucket(seaweed, monkeypatch) -> None:
    point_sdk_at(seaweed.url, monkeypatch)
    account = Account()
    account.make_bucket()
    account.client("s3").put_object(Bucket=account.bucket, Key="a", Body=b"1")
    assert account.client("s3").get_object(Bucket=account.bucket, Key="a")["Body"].read() == b"1"
