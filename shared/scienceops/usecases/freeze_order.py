"""Freeze an order: write down what a retraining may read, so that nothing later enters it."""

import json
import secrets
from datetime import timedelta

from scienceops.core.names import training_order_key
from scienceops.core.retraining import Retraining, Selection, in_force
from scienceops.core.versions import Version
from scienceops.errors import BadInput
from scienceops.ports import Ports
from scienceops.usecases.captured_places import captured_days, places_of
from scienceops.usecases.flag_rows import read_flags
from scienceops.usecases.freeze_partitions import freeze_partitions
from scienceops.usecases.records import read_version


def freeze_order(retraining: Retraining, chosen: Selection, base: Version, ports: Ports) -> str:
    """Write down what the selection reads, objects by name and the flags that hold now; its key.

    Who asks at the same time, and takes the same number, writes under another key, so that what the
    record names is what its own selection chose.
    """
    name = retraining.service
    flags = in_force(read_flags(name, ports))
    days = {chosen.since + timedelta(days=n) for n in range((chosen.until - chosen.since).days + 1)}
    partitions = freeze_partitions(places_of(name, days, ports), ports.objects)
    if not partitions:
        raise BadInput(
            f"{name!r} has no captures from {chosen.since} to {chosen.until}; "
            f"{captured_days(name, ports)}"
        )
    order = {
        "service": name,
        "number": retraining.number,
        "base": base.number,
        "original": _original_of(base, ports),
        "target": base.manifest["target"],
        "task": base.manifest["task"],
        "selection": chosen.model_dump(mode="json"),
        "flags": [flag.to_body() for flag in flags],
        "requested_at": retraining.requested_at,
        "partitions": partitions,
    }
    key = training_order_key(name, retraining.number, secrets.token_hex(4))
    ports.objects.put(key, json.dumps(order).encode())
    return key


def _original_of(base: Version, ports: Ports) -> int:
    """The version that retraining began from, whose training data no capture has entered yet.

    Otherwise rows captured before would count twice: once as data of the live version, and once as
    captures.
    """
    version = base
    while version.training_set:
        before = int(version.manifest["origin"]["base"].rpartition(":")[2])
        version = read_version(ports.registry, base.service, before).value
    return version.number
