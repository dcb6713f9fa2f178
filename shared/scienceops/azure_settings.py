"""Settings of an Azure subscription: each is `SCIENCEOPS_AZURE_<NAME>`, read by config.py."""

from pydantic import BaseModel, ConfigDict, Field


class AzureSettings(BaseModel):
    """What the platform needs to know of the subscription; credentials are a managed identity's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    storage_account: str = Field(
        default="", description="Storage account of this installation: blobs, queues and tables."
    )
    container: str = Field(default="scienceops", description="Blob container that is the bucket.")
