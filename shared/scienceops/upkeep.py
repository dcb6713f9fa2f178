"""Upkeep: what whoever runs a platform does: let people in, and keep it tidy; a part of App."""

from datetime import timedelta
from typing import Any

from scienceops.core.access import Role
from scienceops.core.garbage import Garbage, InUse
from scienceops.core.messages import QUEUES
from scienceops.ports import Ports
from scienceops.ports.message_queue import Then
from scienceops.usecases import collect_garbage, manage_keys
from scienceops.usecases.records import Clock


class Upkeep:
    """Makes and ends tokens, finds and deletes what is of no more use, looks after the queues."""

    def __init__(self, ports: Ports, clock: Clock) -> None:
        self._ports = ports
        self._clock = clock

    def create_token(self, name: str, role: Role, actor: str) -> dict[str, str]:
        """A new named token: {"name", "role", "token", "created_at"}; shown this once."""
        return manage_keys.create_token(name, role, actor, self._ports, self._clock)

    def revoke_token(self, name: str, actor: str) -> None:
        """Make a token worthless."""
        manage_keys.revoke_token(name, actor, self._ports, self._clock)

    def tokens(self) -> list[dict[str, str]]:
        """Every token that is good, without what it is."""
        return manage_keys.list_tokens(self._ports)

    def find_garbage(self, older_than: timedelta) -> list[Garbage]:
        """What the bucket holds to no more use; nothing is changed."""
        return collect_garbage.find_garbage(self._ports, self._clock(), older_than)

    def delete_garbage(self, item: Garbage) -> bool:
        """Delete one thing that was found; False when it has changed since."""
        return collect_garbage.delete_garbage(item, self._ports)

    def in_use(self) -> InUse:
        """What the platform must keep, of all that it could make anew."""
        return collect_garbage.find_in_use(self._ports)

    def set_aside(self, then: Then = "keep") -> list[dict[str, Any]]:
        """Messages that the queues had set aside: {"queue", "body"}, at most 100 of each queue."""
        return [
            {"queue": name, "body": dict(body)}
            for name in QUEUES
            for body in self._ports.queue.set_aside(name, then=then)
        ]
