"""Settle a service: let run what it needs, and stop what a step that died has left running."""

from scienceops.core.versions import RESTING, Deployment, Service, Version, VersionState
from scienceops.ports import Ports
from scienceops.usecases.advance_version import awaits_promotion
from scienceops.usecases.reconcile_deployment import ask_to_run, ask_to_stop
from scienceops.usecases.records import Clock, find_all, read_service, read_versions


def settle_service(name: str, ports: Ports, clock: Clock, drain_seconds: float) -> None:
    """Want of each version what the service says; does nothing where it is wanted already."""
    service = read_service(ports.registry, name).value
    for number in sorted(service.serving):
        ask_to_run(name, number, ports, clock)
    versions = {stored.value.number: stored.value for stored in read_versions(ports.registry, name)}
    for stored in find_all(ports.registry, name, "deployment/", Deployment):
        deployment = stored.value
        if deployment.desired == "running" and _is_left(versions[deployment.version], service):
            after = (
                drain_seconds if versions[deployment.version].state is VersionState.PROVED else 0
            )
            ask_to_stop(name, deployment.version, ports, clock, after_seconds=after)


def _is_left(version: Version, service: Service) -> bool:
    """Whether nobody needs the version, and no step under way is about to."""
    if version.number in service.serving or version.state not in RESTING:
        return False
    if version.state is not VersionState.PROVED:
        return True
    # A candidate goes on running until it is decided on; one that was live has been.
    undecided = bool(version.training_set) and version.number != service.previous
    return not undecided and not awaits_promotion(version, service)
