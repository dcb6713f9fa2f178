"""ContainerAppsServiceRuntime: a container app for each version, found again by its name."""

import contextlib
import hashlib
from collections.abc import Mapping

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.mgmt.appcontainers import ContainerAppsAPIClient, models

from scienceops.adapters.azure.app_state import Seen, is_going
from scienceops.adapters.azure.container_app import (
    SERVICE_TAG,
    VERSION_TAG,
    Place,
    app_name,
    describe_app,
)
from scienceops.adapters.azure.management import open_apps
from scienceops.adapters.azure.replica_log import tail_of_replica
from scienceops.adapters.scoring.scorer_client import ScorerClient
from scienceops.bodies import Body
from scienceops.config import Settings
from scienceops.errors import ScorerHidden
from scienceops.ports.service_runtime import DeployOrder, Observed, Reply, ServiceStatus

_OF_INGRESS = (404, 502, 503, 504)
#: Of what an ingress says, so many bytes are told.
LONGEST_SAID = 200


class ContainerAppsServiceRuntime:
    """ServiceRuntime with Azure Container Apps; nothing is kept here, Azure knows it all.

    What runs is not asked by HTTP, for a call would keep awake a scorer that nobody needs: the
    platform's own readiness probe looks at /readyz.
    """

    def __init__(self, client: ContainerAppsAPIClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._place = Place.of(settings)
        self._scorers = ScorerClient()

    def start(self, order: DeployOrder) -> None:
        """Create the app, or give it a new revision, unless it runs."""
        name = app_name(order.service, order.version)
        app = self._find(name)
        running = (Observed.STARTING, Observed.READY)
        if app is not None and self._see(app).verdict()[0] in running:
            return
        # Two workers who saw the same ask for the same revision.
        before = (app.latest_revision_name or "") if app else ""
        seen = f"{order.image} {order.gateway_key_sha256} {before}"
        suffix = "r" + hashlib.sha256(seen.encode()).hexdigest()[:10]
        with contextlib.suppress(ResourceExistsError):
            # A conflict: another worker's start, or the end of the one before, is under way.
            self._client.container_apps.begin_create_or_update(
                self._place.resource_group,
                name,
                describe_app(order, self._settings, suffix),
                polling=False,
            )

    def status(self, service: str, version: int) -> ServiceStatus:
        """How the app stands."""
        app = self._find(app_name(service, version))
        if app is None:
            return ServiceStatus(service, version, Observed.STOPPED)
        seen = self._see(app)
        observed, reason = seen.verdict()
        tail = tail_of_replica(
            self._client, self._place.resource_group, str(app.name), seen.log_stream
        )
        if observed is Observed.FAILED and tail:
            reason = f"{reason}: {tail[-1]}"
        endpoint = seen.endpoint if observed is Observed.READY else ""
        return ServiceStatus(service, version, observed, endpoint, reason, tail)

    def stop(self, service: str, version: int) -> None:
        """Delete the app; its scorer gets SIGTERM, and GRACE_SECONDS to drain."""
        name = app_name(service, version)
        app = self._find(name)
        if app is None or is_going(app):
            return
        with contextlib.suppress(ResourceNotFoundError, ResourceExistsError):
            self._client.container_apps.begin_delete(
                self._place.resource_group, name, polling=False
            )

    def deployments(self) -> list[ServiceStatus]:
        """Every app of this resource group that carries our tags, by service and version."""
        found = self._client.container_apps.list_by_resource_group(self._place.resource_group)
        ours = [
            (app.tags[SERVICE_TAG], int(app.tags[VERSION_TAG]), app)
            for app in found
            if app.tags and SERVICE_TAG in app.tags
        ]
        statuses = []
        for service, version, app in sorted(ours, key=lambda item: item[:2]):
            seen = self._see(app)
            observed, reason = seen.verdict()
            endpoint = seen.endpoint if observed is Observed.READY else ""
            statuses.append(ServiceStatus(service, version, observed, endpoint, reason))
        return statuses

    def call(
        self,
        endpoint: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: Body = b"",
        timeout_seconds: float = 60,
    ) -> Reply:
        """One request to a scorer, at the app's ingress."""
        reply = self._scorers.call(endpoint, method, path, headers, body, timeout_seconds)
        if is_of_ingress(reply):
            said = " ".join(reply.content[:LONGEST_SAID].decode("utf-8", "replace").split())
            raise ScorerHidden(
                f"the ingress at {endpoint} answered {reply.status} in place of the scorer: {said}",
                retry_after_seconds=2,
            )
        return reply

    def _find(self, name: str) -> models.ContainerApp | None:
        try:
            return self._client.container_apps.get(self._place.resource_group, name)
        except ResourceNotFoundError:
            return None

    def _see(self, app: models.ContainerApp) -> Seen:
        """The app with its newest revision and that one's containers."""
        group, name = self._place.resource_group, str(app.name)
        newest = app.latest_revision_name
        if not newest or is_going(app):
            return Seen(app)
        try:
            revision = self._client.container_apps_revisions.get_revision(group, name, newest)
            listed = self._client.container_apps_revision_replicas.list_replicas(
                group, name, newest
            )
        except ResourceNotFoundError:
            # It was deleted between the looks, or is not listed yet.
            return Seen(app)
        found = [one for replica in listed.value for one in replica.containers or []]
        return Seen(app, revision, tuple(found))


def is_of_ingress(reply: Reply) -> bool:
    """Whether the ingress answered itself, in HTML or plain text: no such app, no replica, none in
    time. It does so for seconds after a scorer is ready. What a scorer refuses is told in JSON.

    >>> is_of_ingress(Reply(404, {"content-type": "text/html"}, b"Container App - Unavailable"))
    True
    >>> is_of_ingress(Reply(503, {"content-type": "application/problem+json"}, b"{}"))
    False
    """
    return reply.status in _OF_INGRESS and "json" not in reply.headers.get("content-type", "")


def connect_runtime(settings: Settings) -> ContainerAppsServiceRuntime:
    """The runtime that the settings name."""
    return ContainerAppsServiceRuntime(open_apps(settings.azure), settings)
