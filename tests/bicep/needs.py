"""What the platform does to Azure, and the permission that each call takes.

A row is added with the call, so that the role is there when the code is.
"""

from dataclasses import dataclass

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_QUEUES = "Microsoft.Storage/storageAccounts/queueServices/queues"
_ENTITIES = "Microsoft.Storage/storageAccounts/tableServices/tables/entities"
_REGISTRY = "Microsoft.ContainerRegistry/registries"
_APPS, _JOBS = "Microsoft.App/containerApps", "Microsoft.App/jobs"
_SECRETS = "Microsoft.KeyVault/vaults/secrets"


@dataclass(frozen=True)
class Need:
    """One permission. who, where: symbols of roles.bicep; where "" is the resource group."""

    who: str
    where: str
    permission: str
    used_by: str


def _needs(who: str, where: str, used_by: str, *permissions: str) -> list[Need]:
    return [Need(who, where, permission, used_by) for permission in permissions]


NEEDS = [
    *_needs(
        "functions", "account", "object_store: put, get, stat, scan, delete; the host's own locks",
        f"{_BLOBS}/read", f"{_BLOBS}/write", f"{_BLOBS}/add/action", f"{_BLOBS}/delete",
    ),
    *_needs(
        "functions", "account", "message_queue, and the triggers of the doors",
        f"{_QUEUES}/messages/read", f"{_QUEUES}/messages/write", f"{_QUEUES}/messages/delete",
        f"{_QUEUES}/messages/process/action", f"{_QUEUES}/read",
    ),
    *_needs(
        "functions", "account", "model_registry",
        f"{_ENTITIES}/read", f"{_ENTITIES}/write", f"{_ENTITIES}/add/action",
        f"{_ENTITIES}/update/action", f"{_ENTITIES}/delete",
    ),
    *_needs(
        "functions", "", "image_builder: source, run, state, log",
        f"{_REGISTRY}/listBuildSourceUploadUrl/action", f"{_REGISTRY}/scheduleRun/action",
        f"{_REGISTRY}/runs/read", f"{_REGISTRY}/runs/listLogSasUrl/action", f"{_REGISTRY}/read",
    ),
    *_needs(
        "functions", "registry", "image_builder: the model layer",
        f"{_REGISTRY}/pull/read", f"{_REGISTRY}/push/write",
    ),
    *_needs(
        "functions", "", "service_runtime",
        f"{_APPS}/read", f"{_APPS}/write", f"{_APPS}/delete", f"{_APPS}/revisions/read",
        f"{_APPS}/revisions/replicas/read", f"{_APPS}/getAuthToken/action",
        f"{_APPS}/logstream/action",
        "Microsoft.App/managedEnvironments/read", "Microsoft.App/managedEnvironments/join/action",
    ),
    *_needs(
        "functions", "", "job_launcher: Container Apps Jobs",
        f"{_JOBS}/read", f"{_JOBS}/write", f"{_JOBS}/delete", f"{_JOBS}/start/action",
        f"{_JOBS}/stop/execution/action", f"{_JOBS}/execution/read", f"{_JOBS}/executions/read",
        f"{_JOBS}/getAuthToken/action", f"{_JOBS}/logstream/action",
    ),
    *_needs(
        "functions", "container", "service_runtime and job_launcher: what they start runs as it",
        "Microsoft.ManagedIdentity/userAssignedIdentities/read",
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    ),
    *_needs(
        "functions", "vault", "secret_store",
        f"{_SECRETS}/getSecret/action", f"{_SECRETS}/setSecret/action", f"{_SECRETS}/delete",
        f"{_SECRETS}/recover/action",
    ),
    *_needs(
        "functions", "insights", "traces of the doors", "Microsoft.Insights/Telemetry/Write",
    ),
    *_needs(
        "container", "insights", "spans of scorers", "Microsoft.Insights/Telemetry/Write",
    ),
    *_needs(
        "functions", "workspace", "job_launcher: Databricks Jobs",
        "Microsoft.Databricks/workspaces/read",
        "Microsoft.Databricks/workspaces/assignWorkspaceAdmin/action",
    ),
    *_needs(
        "container", "bucket", "captures of scorers; what trainings read and leave",
        f"{_BLOBS}/read", f"{_BLOBS}/write", f"{_BLOBS}/add/action",
    ),
    *_needs(
        "container", "captured", "a capture or label that is put again is announced again",
        f"{_QUEUES}/messages/add/action",
    ),
    *_needs(
        "container", "uploads", "a package that a retraining puts again is announced again",
        f"{_QUEUES}/messages/add/action",
    ),
    *_needs(
        "jobs", "bucket", "statistics, selections and comparisons",
        f"{_BLOBS}/read", f"{_BLOBS}/write", f"{_BLOBS}/add/action",
    ),
    *_needs("jobs", "table", "compare: where versions answer", f"{_ENTITIES}/read"),
    *_needs("jobs", "vault", "compare: the gateway's secret", f"{_SECRETS}/getSecret/action"),
    *_needs("jobs", "registry", "the image of jobs", f"{_REGISTRY}/pull/read"),
    *_needs(
        "functions", "jobs", "job_launcher: the platform's own jobs run as it",
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    ),
    *_needs(
        "spark", "bucket", "statistics on a cluster",
        f"{_BLOBS}/read", f"{_BLOBS}/write", f"{_BLOBS}/add/action",
    ),
    *_needs("container", "registry", "images of scorers and trainings", f"{_REGISTRY}/pull/read"),
    *_needs(
        "administrator", "bucket", "packages put into the bucket by hand",
        f"{_BLOBS}/read", f"{_BLOBS}/write", f"{_BLOBS}/add/action",
    ),
    *_needs(
        "administrator", "vault", "the owner's token, read once", f"{_SECRETS}/getSecret/action",
    ),
    *_needs(
        "topic", "account", "events: told to the queues", f"{_QUEUES}/messages/add/action",
    ),
    *_needs(
        "topic", "undelivered", "events: kept when nobody could be told", f"{_BLOBS}/write",
    ),
]  # fmt: skip

#: What the built-in roles of infra/bicep/roles.json allow, as Microsoft documents them (2026-11).
BUILT_IN = {
    "storageBlobDataOwner": [
        "Microsoft.Storage/storageAccounts/blobServices/containers/*",
        "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
    ],
    "storageBlobDataContributor": [
        "Microsoft.Storage/storageAccounts/blobServices/containers/read",
        "Microsoft.Storage/storageAccounts/blobServices/containers/write",
        "Microsoft.Storage/storageAccounts/blobServices/containers/delete",
        "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
        f"{_BLOBS}/read", f"{_BLOBS}/write", f"{_BLOBS}/add/action", f"{_BLOBS}/delete",
        f"{_BLOBS}/move/action",
    ],
    "storageQueueDataContributor": [
        f"{_QUEUES}/read", f"{_QUEUES}/write", f"{_QUEUES}/delete",
        f"{_QUEUES}/messages/read", f"{_QUEUES}/messages/write", f"{_QUEUES}/messages/delete",
        f"{_QUEUES}/messages/process/action",
    ],
    "storageQueueDataMessageSender": [f"{_QUEUES}/messages/add/action"],
    "storageTableDataContributor": [
        "Microsoft.Storage/storageAccounts/tableServices/tables/read",
        "Microsoft.Storage/storageAccounts/tableServices/tables/write",
        "Microsoft.Storage/storageAccounts/tableServices/tables/delete",
        f"{_ENTITIES}/read", f"{_ENTITIES}/write", f"{_ENTITIES}/delete",
        f"{_ENTITIES}/add/action", f"{_ENTITIES}/update/action",
    ],
    "storageTableDataReader": [
        "Microsoft.Storage/storageAccounts/tableServices/tables/read", f"{_ENTITIES}/read",
    ],
    "acrPush": [f"{_REGISTRY}/pull/read", f"{_REGISTRY}/push/write"],
    "acrPull": [f"{_REGISTRY}/pull/read"],
    "managedIdentityOperator": [
        "Microsoft.ManagedIdentity/userAssignedIdentities/read",
        "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
        "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    ],
    "keyVaultSecretsOfficer": [f"{_SECRETS}/*"],
    "keyVaultSecretsUser": [
        f"{_SECRETS}/getSecret/action", f"{_SECRETS}/readMetadata/action",
    ],
    "monitoringMetricsPublisher": [
        "Microsoft.Insights/Metrics/Write", "Microsoft.Insights/Telemetry/Write",
    ],
}  # fmt: skip
