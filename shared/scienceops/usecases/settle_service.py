"""Settle a service: let run what it needs, and stop what a step that died has left running."""

from collections.abc import Sequence

from scienceops.core.retraining import MOVING, Retraining, RetrainingState
from scienceops.core.versions import RESTING, Deployment, Service, Version, VersionState
from scienceops.ports import Ports
from scienceops.usecases.advance_version import awaits_promotion
from scienceops.usecases.reconcile_deployment import ask_to_run, ask_to_stop
from scienceops.usecases.records import Clock, find_all, read_service, read_versions
from scienceops.usecases.request_retraining import read_retrainings


def settle_service(name: str, ports: Ports, clock: Clock, drain_seconds: float) -> None:
    """Want of each version what the service says; does nothing where it is wanted already."""
    # Read in the order opposite to that in which they are written: who wants a version to run has
    # written so in the version or the service before, and is seen.
    deployments = find_all(ports.registry, name, "deployment/", Deployment)
    versions = {stored.value.number: stored.value for stored in read_versions(ports.registry, name)}
    retrainings = [stored.value for stored in read_retrainings(name, ports)]
    service = read_service(ports.registry, name).value
    for number in sorted(service.serving):
        ask_to_run(name, number, ports, clock)
    for stored in deployments:
        deployment = stored.value
        version = versions[deployment.version]
        if deployment.desired == "running" and _is_left(version, retrainings, service):
            after = drain_seconds if version.state is VersionState.PROVED else 0
            ask_to_stop(name, version.number, ports, clock, after_seconds=after)
            # Somebody may have asked for it between the look and the stop.
            if version.number in read_service(ports.registry, name).value.serving:
                ask_to_run(name, version.number, ports, clock)


def _is_left(version: Version, retrainings: Sequence[Retraining], service: Service) -> bool:
    """Whether nobody needs the version, and no step under way is about to."""
    if version.number in service.serving or version.state not in RESTING:
        return False
    if version.state is not VersionState.PROVED:
        return True
    compared = any(_needs(retraining, version, service) for retraining in retrainings)
    return not compared and not awaits_promotion(version, service)


def _needs(retraining: Retraining, version: Version, service: Service) -> bool:
    """Whether a retraining is to compare this candidate, or waits for a decision on it.

    A comparison with what is not live any more is none to decide by, and a candidate that was live
    has been decided on; `approve` starts either again.
    """
    mine = retraining.version == version.number
    if retraining.state in MOVING:
        # Its number is known to the retraining only once it is proved.
        learned = bool(version.training_set) and version.training_set == retraining.training_set
        return mine or learned
    return (
        retraining.state is RetrainingState.COMPARED
        and mine
        and retraining.comparison.get("live") == service.live
        and version.number != service.previous
    )
