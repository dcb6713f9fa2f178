"""Settings of an AWS account: each is `SCIENCEOPS_AWS_<NAME>`, read by config.py."""

from pydantic import BaseModel, ConfigDict, Field

#: Seven tries of 30 s, longer than SQS lets a look at a queue wait, which is 20 s.
CALL_SECONDS = 210.0


class AwsSettings(BaseModel):
    """What the platform needs to know of the account; region and credentials are the SDK's own.

    Names of queues, tables, functions and the rest follow from the prefix, as infra/serverless.yml
    gives them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bucket: str = Field(default="", description="S3 bucket of this installation.")
    prefix: str = Field(
        default="scienceops-dev-",
        description="What the names of queues, tables, functions and the rest start with.",
    )
    roles: str = Field(
        default="",
        description="What the ARNs of the roles start with, arn:aws:iam::ACCOUNT:role/.",
    )
    region: str = Field(default="", description="Region, told to what containers log by.")
    subnets: str = Field(
        default="",
        description="Subnets of scorers on Fargate and of jobs in images, with commas between.",
    )
    security_group: str = Field(default="", description="Security group of those tasks.")
    calling_group: str = Field(
        default="", description="Security group of jobs that call scorers, as doors do."
    )
    warm: bool = Field(
        default=False,
        description="Whether doors stand in a network from which they reach scorers on Fargate.",
    )
    emr_application: str = Field(
        default="", description="EMR Serverless application that runs statistics and selections."
    )
    job_files: str = Field(
        default="jobs/platform/",
        description="Where in the bucket the deployment puts the files that EMR jobs run from.",
    )
    call_seconds: float = Field(
        default=CALL_SECONDS,
        gt=0,
        description="How long one call to AWS may go without an answer, all of its tries together.",
    )
