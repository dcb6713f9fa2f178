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
    from scienceops.config import Settings
    from scienceops.ports.object_store import ObjectStore


def connect_objects(settings: "Settings") -> "ObjectStore":
    """The bucket alone."""
    from scienceops.adapters.aws.clients import LazyClient
    from scienceops.adapters.aws.object_store import S3ObjectStore
    from scienceops.errors import BadSetting

    if not settings.aws.bucket:
        raise BadSetting("SCIENCEOPS_AWS_BUCKET is not set: wanted the name of the bucket")
    return S3ObjectStore(LazyClient("s3"), settings.aws.bucket)
