"""The shipped template deployed to an emulated account: what is there, and that the doors open."""

from emulators.deployment import PREFIX, Deployment


def test_queues_tables_and_bucket_bear_the_names_that_adapters_derive(deployment: Deployment):
    queues = deployment.client("sqs").list_queues(QueueNamePrefix=PREFIX)["QueueUrls"]
    assert {url.rpartition(PREFIX)[2] for url in queues} == {
        *("work", "captures", "alerts"),
        *("work-dead", "captures-dead", "alerts-dead", "events-dead"),
    }
    tables = deployment.client("dynamodb").list_tables()["TableNames"]
    assert {f"{PREFIX}registry", f"{PREFIX}statistics"} <= set(tables)
    bucket = deployment.outputs["BucketName"]
    assert bucket == "scienceops-emulator-000000000000-us-east-1"
    told = deployment.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    assert len(told["LambdaFunctionConfigurations"]) == 3


def test_the_api_answers_through_lambda_s_own_runtime_client(deployment: Deployment):
    reply = deployment.request("GET", "/healthz")
    assert (reply.status, reply.json()) == (200, {"status": "alive"})
