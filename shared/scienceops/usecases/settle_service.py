"""Settle a service: let run what it needs, and stop what a step that died has left running."""

from scienceops.core.versions import RESTING, Deployment, Service, Version, VersionState
from scienceops.ports import Ports
from scienceops.usecases.advance_version import awaits_promotion
from scienceops.usecases.reconcile_deployment import ask_to_run, ask_to_stop
from scienceops.usecases.records import Clock, find_all, read_service, read_versions


def settle_service(name: str, ports: Ports, clock: Clock, drain_seconds: float) -> None:
    """Want of each version what the service says; does nothing where it is wanted already."""
    # Read in the order opposite to that in which they are written: who wants a version to run has
    # written so in the version or the service before, and is seen.
    deployments = find_all(ports.registry, name, "deployment/", Deployment)
    versions = {stored.value.number: stored.value for stored in read_versions(ports.registry, name)}
    service = read_service(ports.registry, name).value
    for number in sorted(service.serving):
        ask_to_run(name, number, ports, clock)
    for stored in deployments:
        deployment = stored.value
        version = versions[deployment.version]
        if deployment.desired == "running" and _is_left(version, service):
            after = drain_seconds if version.state is VersionState.PROVED else 0
            ask_to_stop(name, version.number, ports, clock, after_seconds=after)
            # Somebody may have asked for it between the look and the stop.
            if version.number in read_service(ports.registry, name).value.serving:
                ask_to_run(name, version.number, ports, clock)


def _is_left(version: Version, service: Service) -> bool:
    """Whether nobody needs the version, and no step under way is about to."""
    if version.number in service.serving or version.state not in RESTING:
        return False
    if version.state is not VersionState.PROVED:
        return True
    # A candidate goes on running until it is decided on; one that was live has been.
    undecided = bool(version.training_set) and version.number != service.previous
    return not undecided and not awaits_promotion(version, service)
