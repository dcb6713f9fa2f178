"""Container app: what one of ours is made of, so that a scorer runs in it."""

import hashlib
from dataclasses import dataclass

from azure.mgmt.appcontainers import models

from scienceops.adapters.oci.settings_inside import settings_inside
from scienceops.config import INSIGHTS, PREFIX, SCORER_PREFIX, Settings
from scienceops.core.names import check_service_name
from scienceops.ports.service_runtime import DeployOrder

#: Tags by which an app is known as ours.
SERVICE_TAG, VERSION_TAG = "scienceops-service", "scienceops-version"
CONTAINER = "scorer"
PORT = 8080
#: After SIGTERM a scorer answers what it has accepted and ships its captures.
GRACE_SECONDS = 60
#: Calls at a time that one replica takes before another one is started.
CALLS_PER_REPLICA = 16

_LONGEST_NAME = 32
_MIB_PER_CPU = 2048
_CPU_STEP = 0.25


@dataclass(frozen=True)
class Place:
    """Where apps and jobs run, by the names of the resources."""

    subscription: str
    resource_group: str
    location: str
    environment: str
    identity: str
    registry: str

    @classmethod
    def of(cls, settings: Settings, *, own: bool = False) -> "Place":
        """The place that the settings name. own: of the platform's code, and of no package's."""
        azure = settings.azure
        registry = settings.images.partition("/")[0]
        return cls(
            azure.subscription,
            azure.resource_group,
            azure.location,
            azure.app_environment,
            azure.job_identity if own else azure.container_identity,
            registry,
        )

    @property
    def environment_id(self) -> str:
        """The environment as other resources name it."""
        return self._resource("Microsoft.App/managedEnvironments", self.environment)

    @property
    def identity_id(self) -> str:
        """The managed identity as other resources name it."""
        return self._resource("Microsoft.ManagedIdentity/userAssignedIdentities", self.identity)

    @property
    def as_identity(self) -> models.ManagedServiceIdentity:
        """The identity that a container acts as."""
        return models.ManagedServiceIdentity(
            type=models.ManagedServiceIdentityType.USER_ASSIGNED,
            user_assigned_identities={self.identity_id: models.UserAssignedIdentity()},
        )

    @property
    def as_registry(self) -> models.RegistryCredentials:
        """The registry that images are pulled from, by that identity."""
        return models.RegistryCredentials(server=self.registry, identity=self.identity_id)

    def _resource(self, kind: str, name: str) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/{kind}/{name}"
        )


def app_name(service: str, version: int) -> str:
    """The app of a version: names end at 32 characters, so a long one is cut and told by a hash.

    >>> app_name("iris", 3)
    'iris-v3'
    >>> app_name("a-service-with-quite-a-long-name", 12)
    'a-service-with-quite-ca1df3-v12'
    """
    check_service_name(service)
    name = f"{service}-v{version}"
    if len(name) <= _LONGEST_NAME:
        return name
    told = hashlib.sha256(service.encode()).hexdigest()[:6]
    end = f"-{told}-v{version}"
    return service[: _LONGEST_NAME - len(end)].rstrip("-") + end


def describe_app(order: DeployOrder, settings: Settings, suffix: str) -> models.ContainerApp:
    """The app of an order. suffix: of its revision; another one starts it afresh."""
    place = Place.of(settings)
    scorer = {
        "REPLICA": f"{suffix}-",
        "GATEWAY_KEY_SHA256": order.gateway_key_sha256,
    }
    named = {SCORER_PREFIX + name: value for name, value in scorer.items()}
    container = models.Container(
        name=CONTAINER,
        image=order.image,
        env=as_variables(
            {**order.settings, **bucket_settings(settings), **named, **_traces_settings(settings)}
        ),
        resources=resources_of(settings),
        probes=[
            # Loading a model may take longer than a probe is given; it has its own time.
            _probe(models.Type.STARTUP, "/healthz", period=5, failures=10),
            _probe(models.Type.LIVENESS, "/healthz", period=10, failures=3),
            _probe(models.Type.READINESS, "/readyz", period=5, failures=3),
        ],
    )
    return models.ContainerApp(
        location=place.location,
        tags={SERVICE_TAG: order.service, VERSION_TAG: str(order.version)},
        identity=place.as_identity,
        properties=models.ContainerAppProperties(
            environment_id=place.environment_id,
            configuration=models.Configuration(
                active_revisions_mode=models.ActiveRevisionsMode.SINGLE,
                ingress=models.Ingress(
                    external=settings.azure.scorer_ingress == "external",
                    target_port=PORT,
                    transport=models.IngressTransportMethod.HTTP,
                    allow_insecure=False,
                    # Weights between versions are the gateway's; an app holds one version.
                    traffic=[models.TrafficWeight(latest_revision=True, weight=100)],
                ),
                registries=[place.as_registry],
            ),
            template=models.Template(
                revision_suffix=suffix,
                containers=[container],
                termination_grace_period_seconds=GRACE_SECONDS,
                scale=models.Scale(
                    min_replicas=settings.azure.scorer_replicas_least,
                    max_replicas=settings.azure.scorer_replicas_most,
                    rules=[
                        models.ScaleRule(
                            name="calls",
                            http=models.HttpScaleRule(
                                metadata={"concurrentRequests": str(CALLS_PER_REPLICA)}
                            ),
                        )
                    ],
                ),
            ),
        ),
    )


def bucket_settings(settings: Settings, *, own: bool = False) -> dict[str, str]:
    """What a container goes by, and reaches the bucket by; own: as for a Place."""
    azure = settings.azure
    given = {
        "storage_account": azure.storage_account,
        "container": azure.container,
        "identity": azure.job_identity_client if own else azure.container_identity_client,
        "emulator": azure.emulator,
    }
    named = {f"{PREFIX}AZURE_{name.upper()}": value for name, value in given.items() if value}
    return {**settings_inside(settings), f"{PREFIX}CLOUD": "azure", **named}


def _traces_settings(settings: Settings) -> dict[str, str]:
    """Where a scorer sends its spans, in Azure's own variables: an image that was built before
    there were spans refuses settings of ours that it does not know, and passes these over."""
    azure = settings.azure
    if not azure.insights:
        return {}
    return {
        INSIGHTS: azure.insights,
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": (
            f"ClientId={azure.container_identity_client};Authorization=AAD"
        ),
        # What Microsoft would be told of the exporter itself.
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    }


def as_variables(environment: dict[str, str]) -> list[models.EnvironmentVar]:
    """An environment as a container is given it, in order."""
    return [
        models.EnvironmentVar(name=name, value=value) for name, value in sorted(environment.items())
    ]


def resources_of(settings: Settings) -> models.ContainerResources:
    """Processors in quarters, and the memory that goes with them: 2 GiB each, as Azure has it."""
    least = settings.container_memory_mb / _MIB_PER_CPU
    steps = -(-max(least, settings.container_cpus) // _CPU_STEP)
    cpus = max(steps, 1) * _CPU_STEP
    return models.ContainerResources(cpu=cpus, memory=f"{cpus * 2:g}Gi")


def _probe(kind: models.Type, path: str, *, period: int, failures: int) -> models.ContainerAppProbe:
    return models.ContainerAppProbe(
        type=kind,
        http_get=models.ContainerAppProbeHttpGet(path=path, port=PORT),
        period_seconds=period,
        failure_threshold=failures,
        timeout_seconds=4,
    )
