"""Nudge: send the hint again for what is not at rest, so that a lost message heals.

Each thing is nudged by how long it has been led on by one chain of messages, whatever else the
queue holds. Its chain may well be alive: the new one takes its place (core.nudges).
"""

from collections.abc import Iterable, Iterator

from scienceops.core.messages import (
    WORK,
    AdvanceRetraining,
    AdvanceVersion,
    FollowRun,
    ReconcileDeployment,
    Work,
)
from scienceops.core.nudges import KEY, Nudge, Nudges
from scienceops.core.retraining import MOVING
from scienceops.core.versions import OPEN_RUNS, RESTING, Deployment
from scienceops.errors import RevisionConflict
from scienceops.ports import Ports
from scienceops.usecases.advance_version import awaits_promotion
from scienceops.usecases.find_runs import current_runs, note_ended_runs
from scienceops.usecases.records import (
    STATISTICS,
    Clock,
    Stored,
    find,
    find_all,
    read_service,
    read_versions,
    save,
    stamp,
)
from scienceops.usecases.request_retraining import read_retrainings

#: How long a chain of messages is trusted before another one takes its place.
PATIENCE_SECONDS = 60.0


def nudge_service(name: str, ports: Ports, clock: Clock, patience_seconds: float) -> None:
    """Send a message for everything of a service that was under way longer than that."""
    _nudge(name, _moving(name, ports), ports, clock, patience_seconds)


def nudge_runs(ports: Ports, clock: Clock, patience_seconds: float) -> None:
    """Send a message for every statistics run that was under way longer than that."""
    runs = current_runs(ports)
    moving = [
        (FollowRun(run=run.number), run.requested_at) for run in runs if run.state in OPEN_RUNS
    ]
    _nudge(STATISTICS, moving, ports, clock, patience_seconds)
    note_ended_runs(runs, ports, clock)


def follow(message: Work, ports: Ports) -> Work | None:
    """The message that goes on with this one's chain; None where a nudge began another one."""
    partition = STATISTICS if isinstance(message, FollowRun) else message.service
    return _read(partition, ports).value.follow(message)


def _moving(name: str, ports: Ports) -> Iterator[tuple[Work, str]]:
    """(message, since when at the latest) of all that is not at rest; no time where none is kept"""
    service = read_service(ports.registry, name).value
    for stored in read_versions(ports.registry, name):
        version = stored.value
        message = AdvanceVersion(service=name, version=version.number)
        if version.state not in RESTING:
            yield message, version.uploaded_at
        elif awaits_promotion(version, service):
            asked = service.promotion
            mine = asked is not None and asked.version == version.number
            yield message, asked.at if asked and mine else ""
    for stored_deployment in find_all(ports.registry, name, "deployment/", Deployment):
        deployment = stored_deployment.value
        if deployment.desired == "stopped" and deployment.observed != "stopped":
            yield ReconcileDeployment(service=name, version=deployment.version), ""
    for stored_retraining in read_retrainings(name, ports):
        retraining = stored_retraining.value
        if retraining.state in MOVING or retraining.to_decide:
            yield (
                AdvanceRetraining(service=name, number=retraining.number),
                retraining.requested_at,
            )


def _nudge(
    partition: str,
    moving: Iterable[tuple[Work, str]],
    ports: Ports,
    clock: Clock,
    patience_seconds: float,
) -> None:
    stored = _read(partition, ports)
    before, now = stored.value, clock()
    chain = before.chains + 1
    items: dict[str, Nudge] = {}
    for message, since in moving:
        name = message.names
        if before.is_due(name, since, now, patience_seconds):
            ports.queue.send(WORK, message.model_copy(update={"chain": chain}).to_body())
            items[name] = Nudge(chain=chain, at=stamp(now))
        else:
            # What is new here was sent when it began; its time counts from that on.
            items[name] = before.items.get(name) or Nudge(chain=0, at=since or stamp(now))
    chains = max([before.chains, *(item.chain for item in items.values())])
    after = before.model_copy(update={"chains": chains, "items": items})
    if after == before:
        return
    # Written after it is sent: who dies in between has doubled a chain, which the next nudge puts
    # right, and has broken none.
    try:
        save(ports.registry, stored, after, at=now)
    except RevisionConflict:
        # Another clock turned, and has nudged the same.
        return


def _read(partition: str, ports: Ports) -> Stored[Nudges]:
    found = find(ports.registry, partition, KEY, Nudges)
    return found or Stored(Nudges(), partition, KEY)
