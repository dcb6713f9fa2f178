"""Take labels: keep what scored rows turned out to be, beside the captures of their day."""

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from scienceops.core.access import derive_key, hash_key
from scienceops.core.captures import Task
from scienceops.core.classes import Classes
from scienceops.core.ids import read_id, time_of, uuid7, was_answered_with
from scienceops.core.labels import Label, check_label, check_row, fields_of, new_classes
from scienceops.core.names import Partition
from scienceops.core.versions import Version
from scienceops.errors import BadInput
from scienceops.ports import Ports
from scienceops.usecases.platform_secrets import gateway_secret
from scienceops.usecases.records import Clock, read_service, read_versions

MOST_LABELS = 50_000
PROBLEMS_TOLD = 1000


class Origins:
    """Tells from a request id alone which version of a service answered it."""

    def __init__(self, name: str, ports: Ports) -> None:
        read_service(ports.registry, name)
        secret = gateway_secret(ports.secrets)
        self._name = name
        # The newest first: most labels are of what is live.
        self.versions = [stored.value for stored in reversed(read_versions(ports.registry, name))]
        self._keys = [hash_key(derive_key(secret, name, v.number)) for v in self.versions]

    def of(self, identity: str) -> tuple[Version, datetime]:
        """(version, time) of the call; raises BadInput for an id that no version made."""
        at = time_of(identity)
        for version, key in zip(self.versions, self._keys, strict=True):
            if was_answered_with(key, identity):
                return version, at
        raise BadInput(
            f"{identity!r} was never answered by {self._name!r}: "
            "wanted the `request_id` of one of its replies"
        )


def take_labels(name: str, items: object, actor: str, ports: Ports, clock: Clock) -> dict[str, Any]:
    """Keep labels of rows: {"accepted", "refused", "problems", "new_classes", "days"}.

    items: list of {"request_id", "row" (0 unless given), "label"}. Each that cannot be taken is
    told by its place, the others are kept. Taking the same labels again changes nothing.
    """
    if not isinstance(items, list) or not items:
        raise BadInput('wanted {"labels": [{"request_id": ..., "row": 0, "label": ...}]}')
    if len(items) > MOST_LABELS:
        raise BadInput(f"{len(items)} labels in one call: wanted at most {MOST_LABELS}")
    origins = Origins(name, ports)
    classes = {v.number: Classes(v.manifest["classes"]) for v in origins.versions}
    taken: dict[Partition, list[Label]] = defaultdict(list)
    problems: list[dict[str, object]] = []
    for place, item in enumerate(items):
        try:
            partition, label = _check(item, actor, origins, classes, name)
        except BadInput as error:
            problems.append({"item": place, "problem": str(error)})
            continue
        taken[partition].append(label)
    _store(taken, ports, clock)
    accepted = sum(len(labels) for labels in taken.values())
    return {
        "accepted": accepted,
        "refused": len(problems),
        "problems": problems[:PROBLEMS_TOLD],
        "new_classes": _new_classes(taken, origins.versions),
        "days": sorted({partition.date.isoformat() for partition in taken}),
    }


def _check(
    item: object, actor: str, origins: Origins, classes: Mapping[int, Classes], name: str
) -> tuple[Partition, Label]:
    fields: Mapping[str, Any] = fields_of(item)
    row = check_row(fields.get("row", 0))
    identity = read_id(fields["request_id"])
    version, at = origins.of(identity)
    task: Task = version.manifest["task"]
    label = classes[version.number].meant_by(check_label(fields["label"], task))
    return Partition(name, version.number, at.date()), Label(identity, row, label, actor)


def _store(taken: Mapping[Partition, Sequence[Label]], ports: Ports, clock: Clock) -> None:
    for partition, labels in sorted(taken.items()):
        # The name is the time of arrival, so that reading in order lets the latest win.
        arrival = uuid7(int(clock().timestamp() * 1000), secrets.token_bytes(10))
        lines = b"".join(label.to_line() for label in labels)
        ports.objects.put(f"{partition.labels_prefix}{arrival}.jsonl", lines, if_absent=True)


def _new_classes(
    taken: Mapping[Partition, Sequence[Label]], versions: Sequence[Version]
) -> list[str]:
    classes = {version.number: version.manifest["classes"] for version in versions}
    found: set[str] = set()
    for partition, labels in taken.items():
        found.update(new_classes([label.label for label in labels], classes[partition.version]))
    return sorted(found)
