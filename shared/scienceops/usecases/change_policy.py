"""Change a policy: set one key of a service's policy, with an entry in the ledger."""

from scienceops.core.policy import Policy, changed_policy, read_policy
from scienceops.core.versions import Service
from scienceops.ports import Ports
from scienceops.usecases.records import Clock, read_service, update


def change_policy(
    name: str, key: str, value: str, actor: str, ports: Ports, clock: Clock
) -> Policy:
    """The policy after the change; raises BadPolicy for an unknown key or a bad value."""

    def change(service: Service) -> Service:
        policy = changed_policy(service.policy, key, value)
        return service.model_copy(update={"policy": policy.model_dump(mode="json")})

    stored = update(
        ports.registry,
        lambda: read_service(ports.registry, name),
        change,
        at=clock(),
        actor=actor,
        action="policy changed",
        details={"key": key, "value": value},
    )
    return read_policy(stored.value.policy)
