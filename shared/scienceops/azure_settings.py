"""Settings of an Azure subscription: each is `SCIENCEOPS_AZURE_<NAME>`, read by config.py."""

from typing import Literal

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
        default="statistics", description="Database of the statistics on that server."
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
    subscription: str = Field(default="", description="Id of the subscription.")
    resource_group: str = Field(
        default="", description="Resource group of this installation, and of no other."
    )
    location: str = Field(default="", description="Region of scorers and jobs, like westeurope.")
    management: str = Field(
        default="https://management.azure.com",
        description="Resource Manager; another one in sovereign clouds.",
    )
    app_environment: str = Field(
        default="", description="Container Apps environment of scorers and jobs."
    )
    container_identity: str = Field(
        default="", description="Name of the managed identity that scorers and trainings act as."
    )
    container_identity_client: str = Field(default="", description="Client id of that identity.")
    job_identity: str = Field(
        default="", description="Name of the managed identity that the platform's own jobs act as."
    )
    job_identity_client: str = Field(default="", description="Client id of that identity.")
    scorer_ingress: Literal["internal", "external"] = Field(
        default="internal",
        description="Whether scorers are reached from their own app environment alone, or from "
        "its network as well; they check keys either way.",
    )
    scorer_replicas_least: int = Field(
        default=0, ge=0, description="Copies of a scorer that nobody calls; 0 costs nothing."
    )
    scorer_replicas_most: int = Field(
        default=10, ge=1, description="Copies of a scorer that everybody calls."
    )
    insights: str = Field(
        default="",
        description="Application Insights that scorers send the steps of recorded traces to, as "
        "its connection string; they write by their identity.",
    )
    job_image: str = Field(
        default="",
        description="Image, by digest, of statistics that need no Spark; empty if there is none.",
    )
    databricks_host: str = Field(
        default="", description="Databricks workspace of statistics; empty if there is none."
    )
    databricks_id: str = Field(
        default="",
        description="Resource id of that workspace, by which whoever has a role on it is let in.",
    )
    databricks_wheel: str = Field(
        default="", description="Wheel of ScienceOps in the workspace, like /Volumes/.../X.whl."
    )
    databricks_policy: str = Field(
        default="", description="Cluster policy of the jobs: their limits and credentials."
    )
    databricks_runtime: str = Field(
        default="17.3.x-scala2.13", description="Databricks runtime; Spark 4.0 is the floor."
    )
    databricks_node: str = Field(
        default="Standard_D4ds_v5", description="Machine of a cluster's nodes."
    )
    databricks_workers: int = Field(
        default=2, ge=0, description="Most workers of a cluster; 0 is a single node."
    )
