"""An AWS account: S3, SQS, DynamoDB, CodeBuild, Lambda, ECS, EMR Serverless, Secrets Manager.

What is called how, PREFIX being `SCIENCEOPS_AWS_PREFIX`:

    the bucket      SCIENCEOPS_AWS_BUCKET
    queues          PREFIXwork, PREFIXcaptures, PREFIXalerts, each with PREFIXNAME-dead
    tables          PREFIXregistry, PREFIXstatistics
    secrets         PREFIXNAME
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # A door that starts must not pay for what it does not use.
    from scienceops.adapters.aws.clients import LazyClient
    from scienceops.config import Settings
    from scienceops.ports import Calling, Ports
    from scienceops.ports.object_store import ObjectStore


def explain(error: Exception, settings: "Settings") -> str:
    """What a person is told of an error of AWS's SDK; empty of any other."""
    from scienceops.adapters.aws.sdk_errors import explain_error

    return explain_error(error, settings)


def connect_objects(settings: "Settings") -> "ObjectStore":
    """The bucket alone."""
    from scienceops.adapters.aws.object_store import S3ObjectStore
    from scienceops.errors import BadSetting

    if not settings.aws.bucket:
        raise BadSetting("SCIENCEOPS_AWS_BUCKET is not set: wanted the name of the bucket")
    return S3ObjectStore(_client("s3", settings), settings.aws.bucket)


def connect_calling(settings: "Settings") -> "Calling":
    """What asks deployed versions, alone."""
    from scienceops.adapters.aws.clients import LazyClient
    from scienceops.adapters.aws.model_registry import DynamoModelRegistry
    from scienceops.adapters.aws.secret_store import SecretsManagerStore
    from scienceops.adapters.aws.service_runtime import AwsServiceRuntime
    from scienceops.ports import Calling

    prefix = settings.aws.prefix
    return Calling(
        registry=DynamoModelRegistry(_client("dynamodb", settings), f"{prefix}registry"),
        runtime=AwsServiceRuntime(
            settings,
            connect_objects(settings),
            functions=_client("lambda", settings),
            calls=LazyClient("lambda", attempts=1, call_seconds=settings.reply_seconds),
            ecs=_client("ecs", settings),
            scaling=_client("application-autoscaling", settings),
            logs=_client("logs", settings),
        ),
        secrets=SecretsManagerStore(_client("secretsmanager", settings), prefix),
    )


def connect(settings: "Settings") -> "Ports":
    """One adapter for each port; no client is made before it is used."""
    from scienceops.adapters.aws.image_builder import CodeBuildImageBuilder
    from scienceops.adapters.aws.job_launcher import AwsJobLauncher
    from scienceops.adapters.aws.message_queue import SqsMessageQueue
    from scienceops.adapters.aws.statistics_store import DynamoStatisticsStore
    from scienceops.ports import Ports

    prefix = settings.aws.prefix
    objects, calling = connect_objects(settings), connect_calling(settings)
    logs = _client("logs", settings)
    return Ports(
        objects=objects,
        queue=SqsMessageQueue(_client("sqs", settings), prefix),
        registry=calling.registry,
        builder=CodeBuildImageBuilder(
            settings,
            objects,
            codebuild=_client("codebuild", settings),
            ecr=_client("ecr", settings),
            logs=logs,
        ),
        runtime=calling.runtime,
        jobs=AwsJobLauncher(
            settings,
            objects,
            ecs=_client("ecs", settings),
            emr=_client("emr-serverless", settings),
            logs=logs,
        ),
        statistics=DynamoStatisticsStore(_client("dynamodb", settings), f"{prefix}statistics"),
        secrets=calling.secrets,
    )


def _client(service: str, settings: "Settings") -> "LazyClient":
    """A client whose calls end in the time that this process has for one."""
    from scienceops.adapters.aws.clients import LazyClient

    return LazyClient(service, call_seconds=settings.aws.call_seconds)
