"""Settings of an AWS account: each is `SCIENCEOPS_AWS_<NAME>`, read by config.py."""

from pydantic import BaseModel, ConfigDict, Field


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
