"""App state: what Azure says of a container app, in the terms of the service runtime."""

from dataclasses import dataclass

from azure.mgmt.appcontainers import models

from scienceops.ports.service_runtime import Observed

#: A container that ended so often, and is not ready now, will not get ready by itself.
CRASHES = 2


@dataclass(frozen=True)
class Seen:
    """One look at an app: its newest revision, and that one's containers."""

    app: models.ContainerApp
    revision: models.Revision | None = None
    containers: tuple[models.ReplicaContainer, ...] = ()

    @property
    def endpoint(self) -> str:
        """Where the scorer is called; empty before there is an ingress."""
        configuration = self.app.configuration
        host = configuration.ingress.fqdn if configuration and configuration.ingress else ""
        # Only a stand-in of the platform runs on this machine, and speaks plain HTTP.
        here = (host or "").partition(":")[0] in ("127.0.0.1", "localhost")
        return f"https://{host}" if host and not here else host or ""

    @property
    def log_stream(self) -> str:
        """The log stream of the container that did worst; empty before there is one."""
        worst = max(self.containers, key=lambda found: found.restart_count or 0, default=None)
        return worst.log_stream_endpoint or "" if worst else ""

    def verdict(self) -> tuple[Observed, str]:
        """How the app stands, and why where that is not plain."""
        if is_going(self.app):
            # Until it is gone its name cannot be used again.
            return Observed.STARTING, "the one before is still draining"
        if self.revision is None:
            if self.app.provisioning_state == models.ContainerAppProvisioningState.FAILED:
                return Observed.FAILED, "Azure could not create the container app"
            return Observed.STARTING, "Azure is creating the container app"
        is_ready = any(container.ready for container in self.containers)
        if is_ready or self._sleeps(self.revision) or self._wakes(self.revision):
            return Observed.READY, ""
        if fault := self._fault(self.revision):
            return Observed.FAILED, fault
        return Observed.STARTING, "its readiness probe has not succeeded yet"

    def _sleeps(self, revision: models.Revision) -> bool:
        """Whether it was ready once and was scaled to nothing since: the next call wakes it."""
        provisioned = revision.provisioning_state == models.RevisionProvisioningState.PROVISIONED
        healthy = revision.health_state == models.RevisionHealthState.HEALTHY
        return provisioned and healthy and not self.containers

    def _wakes(self, revision: models.Revision) -> bool:
        """Whether it was ready once and comes up again, for a call that the ingress keeps waiting,
        as it will the next ones. One that has started and is not ready, or ended, does not."""
        provisioned = revision.provisioning_state == models.RevisionProvisioningState.PROVISIONED
        ready_once = self.app.latest_ready_revision_name
        return (
            provisioned
            and bool(ready_once)
            and ready_once == self.app.latest_revision_name
            and all(_comes_up(container) for container in self.containers)
        )

    def _fault(self, revision: models.Revision) -> str:
        """Why it will not get ready by itself; empty as long as it may."""
        if revision.provisioning_state == models.RevisionProvisioningState.FAILED:
            why = revision.provisioning_error or "no reason told"
            return f"Azure could not start the scorer: {why}"
        ended = [found for found in self.containers if (found.restart_count or 0) >= CRASHES]
        if not ended or len(ended) < len(self.containers):
            return ""
        details = ended[0].running_state_details or "no details told"
        return f"the scorer ended {ended[0].restart_count} times ({details})"


def _comes_up(container: models.ReplicaContainer) -> bool:
    ended = container.running_state == models.ContainerAppContainerRunningState.TERMINATED
    return not (container.started or container.restart_count or ended)


def is_going(app: models.ContainerApp) -> bool:
    """Whether it is being deleted."""
    return bool(app.provisioning_state == models.ContainerAppProvisioningState.DELETING)
