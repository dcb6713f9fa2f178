"""Manage keys and tokens: create, list and revoke what callers show."""

import secrets
from typing import Literal

from scienceops.core.access import NOBODY, Caller, Role, hash_key, matches
from scienceops.core.names import check_service_name
from scienceops.core.versions import ApiKey, Service, Token
from scienceops.errors import BadInput, Conflict, NotFound
from scienceops.ports import Ports
from scienceops.usecases.platform_secrets import owner_token
from scienceops.usecases.publish_access import publish_access
from scienceops.usecases.records import (
    PLATFORM,
    Clock,
    Stored,
    find,
    find_all,
    read_service,
    save,
    stamp,
    update,
)

Slot = Literal["primary", "secondary"]
SLOTS: tuple[Slot, ...] = ("primary", "secondary")
OWNER = "owner"


def create_key(
    name: str, slot: Slot | None, actor: str, ports: Ports, clock: Clock
) -> dict[str, str]:
    """A new API key of the service, shown this once.

    slot: which of the two to fill; None takes a free one. Raises Conflict when it is taken.
    """
    key = "so_" + secrets.token_urlsafe(32)
    now = clock()
    made: list[ApiKey] = []
    details = {"hint": key[:7] + "…"}

    def change(service: Service) -> Service:
        taken = {existing.slot for existing in service.keys}
        free = [s for s in SLOTS if s not in taken]
        chosen = slot or (free[0] if free else None)
        if chosen is None or chosen in taken:
            raise Conflict(
                f"service {name!r} already has its {chosen or 'two'} key{'' if chosen else 's'}; "
                f"free a slot first: `scienceops keys {name} revoke {chosen or 'secondary'}`"
            )
        made[:] = [
            ApiKey(
                slot=chosen,
                key_sha256=hash_key(key),
                hint=details["hint"],
                created_at=stamp(now),
                created_by=actor,
            )
        ]
        details["slot"] = chosen
        return service.model_copy(update={"keys": (*service.keys, made[0])})

    update(
        ports.registry,
        lambda: read_service(ports.registry, name),
        change,
        at=now,
        actor=actor,
        action="key created",
        details=details,
    )
    publish_access(name, ports)
    return {"service": name, "slot": made[0].slot, "key": key, "created_at": stamp(now)}


def revoke_key(name: str, slot: Slot, actor: str, ports: Ports, clock: Clock) -> None:
    """Make the key of this slot worthless; raises NotFound when the slot is empty."""
    details = {"slot": str(slot)}

    def change(service: Service) -> Service:
        kept = tuple(key for key in service.keys if key.slot != slot)
        if len(kept) == len(service.keys):
            raise NotFound(f"service {name!r} has no {slot} key to revoke")
        details["hint"] = next(key.hint for key in service.keys if key.slot == slot)
        return service.model_copy(update={"keys": kept})

    update(
        ports.registry,
        lambda: read_service(ports.registry, name),
        change,
        at=clock(),
        actor=actor,
        action="key revoked",
        details=details,
    )
    publish_access(name, ports)


def create_token(name: str, role: Role, actor: str, ports: Ports, clock: Clock) -> dict[str, str]:
    """A new named token for managing services, shown this once."""
    check_service_name(name)
    if name == OWNER:
        raise BadInput("the name 'owner' is kept for this installation's own token")
    key = "so_" + secrets.token_urlsafe(32)
    now = clock()
    token = Token(
        name=name, role=role, key_sha256=hash_key(key), created_at=stamp(now), created_by=actor
    )
    stored = find(ports.registry, PLATFORM, f"token/{name}", Token)
    if stored is not None and not stored.value.revoked_at:
        raise Conflict(
            f"there is already a token named {name!r}; choose another name, or end that one: "
            f"`scienceops tokens revoke {name}`"
        )
    save(
        ports.registry,
        stored or Stored(token, PLATFORM, f"token/{name}"),
        token,
        at=now,
        actor=actor,
        action="token created",
        details={"name": name, "role": role},
    )
    return {"name": name, "role": role, "token": key, "created_at": stamp(now)}


def revoke_token(name: str, actor: str, ports: Ports, clock: Clock) -> None:
    """Make a token worthless, and every session that it began; raises NotFound."""
    now = clock()

    def read() -> Stored[Token]:
        found = find(ports.registry, PLATFORM, f"token/{name}", Token)
        if found is None or found.value.revoked_at:
            raise NotFound(f"there is no token named {name!r}; `scienceops tokens list` has them")
        return found

    update(
        ports.registry,
        read,
        lambda token: token.model_copy(update={"revoked_at": stamp(now)}),
        at=now,
        actor=actor,
        action="token revoked",
        details={"name": name},
    )


def list_tokens(ports: Ports) -> list[dict[str, str]]:
    """{"name", "role", "created_at", "created_by"} of every token that is good."""
    return [
        stored.value.model_dump(mode="json", exclude={"key_sha256", "revoked_at"})
        for stored in find_all(ports.registry, PLATFORM, "token/", Token)
        if not stored.value.revoked_at
    ]


def recognise(key_sha256: str, ports: Ports, service: str = "") -> Caller:
    """Whose key has this hash: a token's, a key of `service`, or nobody's."""
    if matches(key_sha256, [hash_key(owner_token(ports.secrets))]):
        return Caller(OWNER, "admin")
    for stored in find_all(ports.registry, PLATFORM, "token/", Token):
        if not stored.value.revoked_at and matches(key_sha256, [stored.value.key_sha256]):
            return Caller(stored.value.name, stored.value.role)
    if service:
        found = find(ports.registry, service, "service", Service)
        for known in found.value.keys if found else ():
            if matches(key_sha256, [known.key_sha256]):
                return Caller(f"{service}/{known.slot}", "scorer", service)
    return NOBODY
