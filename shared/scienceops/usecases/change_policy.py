"""Change a policy: set keys of a service's policy together, with an entry in the ledger."""

from collections.abc import Mapping

from scienceops.core.policy import Policy, changed_policy, read_policy
from scienceops.core.versions import Service
from scienceops.ports import Ports
from scienceops.usecases.publish_access import publish_access
from scienceops.usecases.records import Clock, read_service, stamp, update


def change_policy(
    name: str, values: Mapping[str, str], actor: str, ports: Ports, clock: Clock
) -> Policy:
    """The policy after the change; raises BadPolicy for an unknown key or a bad value."""
    now = clock()

    def change(service: Service) -> Service | None:
        policy = read_policy(service.policy)
        for key, value in values.items():
            policy = changed_policy(policy.model_dump(), key, value)
        if policy == read_policy(service.policy):
            return None
        return service.model_copy(
            update={"policy": policy.model_dump(mode="json"), "policy_at": stamp(now)}
        )

    stored = update(
        ports.registry,
        lambda: read_service(ports.registry, name),
        change,
        at=now,
        actor=actor,
        action="policy changed",
        details=dict(values),
    )
    publish_access(name, ports)
    return read_policy(stored.value.policy)
