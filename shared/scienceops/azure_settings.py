"""Settings of an Azure subscription: each is `SCIENCEOPS_AZURE_<NAME>`, read by config.py."""

from pydantic import BaseModel, ConfigDict, Field


class AzureSettings(BaseModel):
    """What the platform needs to know of the subscription; credentials are an identity's.

    There is no setting for an account's key: storage, SQL and vault know callers by Entra ID.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    storage_account: str = Field(
        default="", description="Storage account of this installation: blobs, queues and tables."
    )
    container: str = Field(default="scienceops", description="Blob container that is the bucket.")
    identity: str = Field(
        default="",
        description="Managed identity to act as: its client id, or system; "
        "empty for people, who act as themselves.",
    )
    key_vault: str = Field(default="", description="Key Vault of this installation, by name.")
    sql_server: str = Field(
        default="", description="Azure SQL server, such as NAME.database.windows.net."
    )
    sql_database: str = Field(
        default="scienceops", description="Database of the statistics on that server."
    )
    sql_url: str = Field(
        default="",
        description="SQLAlchemy address of another database for the statistics, "
        "in place of Azure SQL.",
    )
    emulator: str = Field(
        default="",
        pattern=r"(\d+,\d+,\d+)?",
        description="Ports of Azurite on this machine in place of a storage account: "
        "blobs,queues,tables.",
    )
