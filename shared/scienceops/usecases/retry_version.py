"""Retry a version: take a failed one through build, deployment and proof again."""

from scienceops.core.messages import WORK, AdvanceVersion
from scienceops.core.versions import Version, VersionState
from scienceops.errors import WrongState
from scienceops.ports import Ports
from scienceops.usecases.records import Clock, read_version, update


def retry_version(name: str, number: int, actor: str, ports: Ports, clock: Clock) -> Version:
    """Reopen the failed version; raises WrongState when it has not failed."""

    def change(version: Version) -> Version:
        if version.state is not VersionState.FAILED:
            raise WrongState(
                f"version {number} of {name!r} is {version.state}: only a failed one is tried "
                f"again; `scienceops status {name}` says how each stands"
            )
        return version.moved(
            VersionState.UPLOADED,
            attempt=version.attempt + 1,
            reason="",
            log_tail=(),
            build_id="",
            image="",
            proving_since="",
        )

    # One that has not failed may be live: it is refused before anything is stopped.
    change(read_version(ports.registry, name, number).value)
    # What is left of the failed attempt must not be taken for the new one.
    ports.runtime.stop(name, number)
    stored = update(
        ports.registry,
        lambda: read_version(ports.registry, name, number),
        change,
        at=clock(),
        actor=actor,
        action="version retried",
        details={"version": number},
    )
    ports.queue.send(WORK, AdvanceVersion(service=name, version=number).to_body())
    return stored.value
