"""Describe: what the registry knows, as plain values for pages, replies and the command line."""

import json
from datetime import datetime
from typing import Any

from scienceops.core.alert_records import Alert
from scienceops.core.names import split_package_key, version_file_key
from scienceops.core.policy import kept_policy
from scienceops.core.versions import (
    DIVIDED,
    MADE_LIVE,
    Deployment,
    Rejection,
    Service,
    Version,
    division_of,
)
from scienceops.errors import NotFound, ObjectNotFound, ServiceNotReady
from scienceops.ports import Ports
from scienceops.ports.model_registry import EVERY, LedgerEntry
from scienceops.usecases.find_runs import newest_runs, read_run
from scienceops.usecases.records import (
    PLATFORM,
    find_all,
    read_deployment,
    read_service,
    read_version,
    read_versions,
    service_names,
)


def describe_services(ports: Ports) -> list[dict[str, Any]]:
    """Every service: name, live version, its state and endpoint, alerts that fire, versions."""
    return [
        _brief(read_service(ports.registry, name).value, ports)
        for name in service_names(ports.registry)
    ]


def describe_service(name: str, ports: Ports) -> dict[str, Any]:
    """One service with its policy, keys (hints only) and versions, newest first."""
    service = read_service(ports.registry, name).value
    versions = [stored.value for stored in read_versions(ports.registry, name)]
    return {
        **_brief(service, ports),
        "policy": kept_policy(service.policy).model_dump(mode="json"),
        "keys": [key.model_dump(mode="json", exclude={"key_sha256"}) for key in service.keys],
        "versions": [_version(version, service, ports) for version in reversed(versions)],
    }


def describe_version(name: str, number: int, ports: Ports) -> dict[str, Any]:
    """One version with its deployment."""
    service = read_service(ports.registry, name).value
    return _version(read_version(ports.registry, name, number).value, service, ports)


def describe_upload(key: str, digest: str, ports: Ports) -> dict[str, Any] | None:
    """What became of an upload: {"version": ...} or {"rejection": ...}; None while it waits."""
    name, _ = split_package_key(key)
    for stored in read_versions(ports.registry, name):
        if stored.value.digest == digest:
            return {"version": describe_version(name, stored.value.number, ports)}
    for rejection in describe_rejections(ports):
        if rejection["key"] == key and rejection["digest"] in (digest, ""):
            return {"rejection": rejection}
    return None


def describe_rejections(ports: Ports) -> list[dict[str, Any]]:
    """Uploads that became no version, newest first."""
    found = find_all(ports.registry, PLATFORM, "rejection/", Rejection)
    rejections = [stored.value.model_dump(mode="json") for stored in found]
    return sorted(rejections, key=lambda rejection: rejection["at"], reverse=True)


def describe_runs(ports: Ports, most: int = 20) -> list[dict[str, Any]]:
    """The newest statistics runs, newest first."""
    return [run.model_dump(mode="json") for run in reversed(newest_runs(ports, most))]


def describe_run(number: int, ports: Ports) -> dict[str, Any]:
    """One statistics run; raises NotFound."""
    found = read_run(number, ports)
    if found is None:
        raise NotFound(f"there is no statistics run {number}; `scienceops status` lists the newest")
    return found.value.model_dump(mode="json")


def describe_history(name: str, until: datetime | None, ports: Ports) -> list[dict[str, Any]]:
    """The newest 1,000 entries of a service's ledger up to a time, oldest first."""
    partition = read_service(ports.registry, name).partition
    return [_told(entry) for entry in ports.registry.ledger(partition, until=until)]


def made_live(name: str, ports: Ports) -> list[dict[str, Any]]:
    """Every entry of a service's ledger that made a version live, oldest first."""
    partition = read_service(ports.registry, name).partition
    entries = ports.registry.ledger(partition, action=MADE_LIVE, most=EVERY)
    return [_told(entry) for entry in entries]


def live_at(name: str, at: datetime | None, ports: Ports) -> dict[str, Any] | None:
    """The entry that made live what was live at a time, now by default; None: nothing was.

    Its `division` says, as `division_of` does, who answered calls then; empty: that version, all.
    """
    partition = read_service(ports.registry, name).partition
    # Read before what it divides: what goes live between the two looks ends it, and says so.
    changes = ports.registry.ledger(partition, until=at, action=DIVIDED, most=1)
    entries = ports.registry.ledger(partition, until=at, action=MADE_LIVE, most=1)
    if not entries:
        return None
    # Making a version live ends every division before it.
    held = [change for change in changes if change.sequence > entries[0].sequence]
    return {**_told(entries[0]), "division": _division(held[0]) if held else ""}


def _division(change: LedgerEntry) -> str:
    facts = change.details or {}
    weights, shadow = facts.get("weights") or {}, facts.get("shadow")
    if len(weights) > 1:
        return division_of(None, weights, shadow)
    return "" if shadow is None else f"shadow {shadow}"


def read_document(name: str, file: str, ports: Ports, version: int | None = None) -> dict[str, Any]:
    """A JSON file kept beside a version's package, of the live version unless one is named.

    Empty when the version has no such file; raises ServiceNotReady when nothing is live.
    """
    if version is None:
        version = read_service(ports.registry, name).value.live
    if version is None:
        raise ServiceNotReady(f"service {name!r} has no live version yet", retry_after_seconds=2)
    read_version(ports.registry, name, version)
    try:
        document: dict[str, Any] = json.loads(
            ports.objects.get(version_file_key(name, version, file))
        )
    except ObjectNotFound:
        return {}
    return document


def read_build_log(name: str, number: int, ports: Ports) -> str:
    """The log of a version's build so far; empty before there is one."""
    version = read_version(ports.registry, name, number).value
    return ports.builder.log(version.build_id) if version.build_id else ""


def _told(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "action": entry.action,
        "why": entry.why,
        "details": dict(entry.details or {}),
    }


def _brief(service: Service, ports: Ports) -> dict[str, Any]:
    versions = [stored.value for stored in read_versions(ports.registry, service.name)]
    live = next((v for v in versions if v.number == service.live), None)
    newest = versions[-1] if versions else None
    deployment = read_deployment(ports.registry, service.name, live.number).value if live else None
    return {
        "name": service.name,
        "live": service.live,
        "previous": service.previous,
        "traffic": dict(service.traffic),
        "shadow": service.shadow,
        "promotion": service.promotion.to_body() if service.promotion else None,
        "observed": deployment.observed if deployment else "stopped",
        "endpoint": deployment.endpoint if deployment else "",
        "versions_count": len(versions),
        "newest": newest.number if newest else None,
        "newest_state": newest.state.value if newest else None,
        "newest_reason": newest.reason if newest else "",
        "alerts": [
            stored.value.rule
            for stored in find_all(ports.registry, service.name, "alert/", Alert)
            if stored.value.firing
        ],
        "task": live.manifest["task"] if live else None,
        "metrics": dict(live.manifest["metrics"]) if live else {},
    }


def _version(version: Version, service: Service, ports: Ports) -> dict[str, Any]:
    deployment: Deployment = read_deployment(ports.registry, version.service, version.number).value
    manifest = version.manifest
    return {
        "service": version.service,
        "version": version.number,
        "state": version.state.value,
        "live": service.live == version.number,
        "digest": version.digest,
        "uploaded_at": version.uploaded_at,
        "reason": version.reason,
        "log_tail": list(version.log_tail),
        "build_id": version.build_id,
        "image": version.image,
        "training_image": version.training_image,
        "task": manifest["task"],
        "classes": list(manifest["classes"]),
        "metrics": dict(manifest["metrics"]),
        "tags": dict(manifest["tags"]),
        "training_set": version.training_set,
        "origin": dict(manifest["origin"]),
        "model_format": manifest["model"]["format"],
        "allow_pickle": manifest["model"]["allow_pickle"],
        "runtime": dict(manifest.get("runtime") or {"kind": "sklearn", "reason": ""}),
        "deployment": deployment.model_dump(mode="json", exclude={"service", "version"}),
    }
