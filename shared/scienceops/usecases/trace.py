"""Trace: from one prediction back to the package, the training set, the labels and the flags."""

import json
from typing import Any

from scienceops.core.ids import read_id
from scienceops.core.labels import Known, read_lines
from scienceops.core.names import Partition, package_key, training_set_key
from scienceops.core.retraining import in_force
from scienceops.errors import BadInput, BadLabels, NotFound, ObjectNotFound
from scienceops.ports import Ports
from scienceops.usecases.describe import made_live
from scienceops.usecases.flag_rows import read_flags
from scienceops.usecases.records import service_names, stamp
from scienceops.usecases.take_labels import Origins


def trace(request_id: str, ports: Ports) -> dict[str, Any]:
    """Everything that led to the answer with this id; raises BadInput and NotFound."""
    identity = read_id(request_id)
    for name in service_names(ports.registry):
        try:
            version, at = Origins(name, ports).of(identity)
        except BadInput:
            continue
        place = Partition(name, version.number, at.date())
        known, unread = _labels(place, ports)
        origin = dict(version.manifest.get("origin", {}))
        return {
            "request_id": identity,
            "captured_at": stamp(at),
            "service": name,
            "version": version.number,
            "captures": place.prefix,
            "package": package_key(name, version.number),
            "package_digest": version.digest,
            "uploaded_at": version.uploaded_at,
            "image": version.image,
            "metrics": dict(version.manifest["metrics"]),
            "origin": origin,
            "training_set": _provenance(name, version.training_set, ports),
            "made_live": _made_live(name, version.number, ports),
            "labels": [
                {"row": row, "label": label}
                for (label_of, row), label in sorted(known.items())
                if label_of == identity
            ],
            "unread_labels": unread,
            "flags": [
                flag.to_body()
                for flag in in_force(read_flags(name, ports))
                if flag.covers(identity, at)
            ],
        }
    raise NotFound(f"no service here has answered {request_id!r}")


def _labels(place: Partition, ports: Ports) -> tuple[Known, dict[str, str]]:
    """(those of a day, key -> what is wrong with an object whose labels are not among them)."""
    known: Known = {}
    unread: dict[str, str] = {}
    for info in ports.objects.scan(place.labels_prefix):
        try:
            known |= read_lines(ports.objects.get(info.key))
        except BadLabels as error:
            unread[info.key] = str(error)
    return known, unread


def _provenance(name: str, digest: str, ports: Ports) -> dict[str, Any] | None:
    if not digest:
        return None
    try:
        key = training_set_key(name, digest).replace(".parquet", ".json")
        found: dict[str, Any] = json.loads(ports.objects.get(key))
    except ObjectNotFound:
        return {"training_set": digest}
    return {name: found[name] for name in ("training_set", "base", "selection", "flags", "report")}


def _made_live(name: str, version: int, ports: Ports) -> list[dict[str, Any]]:
    return [
        {"at": entry["at"], "by": entry["actor"], "why": entry["why"]}
        for entry in made_live(name, ports)
        if entry["details"].get("version") == version
    ]
