"""Change a policy: set keys of a service's policy together, with an entry in the ledger."""

from collections.abc import Mapping
from typing import Any

from scienceops.core.policy import Policy, changed_policy, kept_policy, policy_text
from scienceops.core.versions import Service
from scienceops.ports import Ports
from scienceops.usecases.publish_access import publish_access
from scienceops.usecases.records import Clock, read_service, stamp, update


def change_policy(
    name: str, values: Mapping[str, str], actor: str, ports: Ports, clock: Clock
) -> Policy:
    """The policy after the change; raises BadPolicy for an unknown key or a bad value."""
    now = clock()
    details: dict[str, Any] = {}

    def change(service: Service) -> Service | None:
        policy = kept_policy(service.policy)
        for key, value in values.items():
            policy = changed_policy(policy.model_dump(), key, value)
        before = kept_policy(service.policy)
        if policy == before:
            return None
        details.clear()
        # What was asked for, and what those of it that it changed were before.
        details.update(values)
        details["was"] = {
            key: policy_text(getattr(before, key))
            for key in values
            if getattr(before, key) != getattr(policy, key)
        }
        after = {**service.policy, **policy.model_dump(mode="json")}
        return service.model_copy(update={"policy": after, "policy_at": stamp(now)})

    stored = update(
        ports.registry,
        lambda: read_service(ports.registry, name),
        change,
        at=now,
        actor=actor,
        action="policy changed",
        details=details,
    )
    publish_access(name, ports)
    return kept_policy(stored.value.policy)
