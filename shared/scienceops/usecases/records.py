"""Records: typed reading and compare-and-set writing of the registry's documents."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from scienceops.core.mistakes import first_mistake
from scienceops.core.versions import Deployment, Document, Service, Version
from scienceops.errors import (
    RevisionConflict,
    ScienceOpsError,
    ServiceNotFound,
    VersionNotFound,
)
from scienceops.ports.model_registry import LedgerEntry, ModelRegistry, Record

PLATFORM = "_platform"
STATISTICS = "_statistics"
SYSTEM = "scienceops"

T = TypeVar("T", bound=Document)
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """ISO 8601 in UTC to the millisecond, as every record keeps its times.

    >>> stamp(datetime(2026, 11, 23, 9, 30, tzinfo=UTC))
    '2026-11-23T09:30:00.000Z'
    """
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Stored(Generic[T]):
    """A document together with where it is stored and at which revision it was read."""

    value: T
    partition: str
    key: str
    revision: int = 0


def number_key(kind: str, number: int) -> str:
    """Key of a numbered record, so that key order is number order.

    >>> number_key("version", 3)
    'version/000000003'
    """
    return f"{kind}/{number:09d}"


def save(
    registry: ModelRegistry,
    stored: Stored[T],
    value: T,
    *,
    at: datetime,
    action: str = "",
    actor: str = SYSTEM,
    why: str = "",
    details: dict[str, Any] | None = None,
) -> Stored[T]:
    """Write the document over the revision that was read, with a ledger entry if `action` is given.

    Raises RevisionConflict when somebody else was first.
    """
    entry = LedgerEntry(stored.partition, at, actor, action, why, details or {}) if action else None
    record = registry.put(
        Record(stored.partition, stored.key, stored.revision, value.to_body()), entry
    )
    return Stored(value, stored.partition, stored.key, record.revision)


def update(
    registry: ModelRegistry,
    read: Callable[[], Stored[T]],
    change: Callable[[T], T | None],
    **entry: Any,
) -> Stored[T]:
    """Apply a change to whatever is stored now, again when somebody else was first.

    `change` returns the new document, or None to leave it. What it raises ends the update.
    """
    while True:
        stored = read()
        value = change(stored.value)
        if value is None or value == stored.value:
            return stored
        try:
            return save(registry, stored, value, **entry)
        except RevisionConflict:
            continue


def value_of(record: Record, kind: type[T]) -> T:
    """The document that a record holds; raises ScienceOpsError for one that cannot be read."""
    try:
        return kind.model_validate(record.body)
    except ValidationError as error:
        found = first_mistake(error)
        raise ScienceOpsError(
            f"record {record.key!r} of {record.partition!r} has {found.key} = {found.got}: "
            f"{found.wanted}; if a later release of ScienceOps wrote it, deploy that one again"
        ) from error


def _load(record: Record, kind: type[T]) -> Stored[T]:
    return Stored(value_of(record, kind), record.partition, record.key, record.revision)


def find(registry: ModelRegistry, partition: str, key: str, kind: type[T]) -> Stored[T] | None:
    """The document, or None."""
    record = registry.get(partition, key)
    return None if record is None else _load(record, kind)


def find_all(
    registry: ModelRegistry, partition: str, prefix: str, kind: type[T]
) -> list[Stored[T]]:
    """The documents whose key starts with `prefix`, in key order."""
    return [_load(record, kind) for record in registry.scan(partition, prefix)]


def read_service(registry: ModelRegistry, name: str) -> Stored[Service]:
    """The service; raises ServiceNotFound."""
    found = find(registry, name, "service", Service)
    if found is None:
        raise ServiceNotFound(name)
    return found


def read_version(registry: ModelRegistry, name: str, number: int) -> Stored[Version]:
    """The version; raises VersionNotFound."""
    found = find(registry, name, number_key("version", number), Version)
    if found is None:
        raise VersionNotFound(name, number)
    return found


def read_versions(registry: ModelRegistry, name: str) -> list[Stored[Version]]:
    """Every version of a service, oldest first."""
    return find_all(registry, name, "version/", Version)


def read_deployment(registry: ModelRegistry, name: str, version: int) -> Stored[Deployment]:
    """The deployment of a version; one that never was is new, stopped, and at revision 0."""
    key = number_key("deployment", version)
    found = find(registry, name, key, Deployment)
    return found or Stored(Deployment(service=name, version=version, desired="stopped"), name, key)


def service_names(registry: ModelRegistry) -> list[str]:
    """Every service, sorted."""
    return [name for name in registry.partitions() if not name.startswith("_")]
