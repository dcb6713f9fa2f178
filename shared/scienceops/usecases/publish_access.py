"""Publish access: write down for a service's scorers whose keys may call them directly."""

import json

from scienceops.core.names import access_key
from scienceops.core.policy import kept_policy
from scienceops.errors import ObjectNotFound
from scienceops.ports import Ports
from scienceops.usecases.records import read_service


def publish_access(name: str, ports: Ports) -> None:
    """Bring the list in the bucket in line with the service's keys and policy.

    It holds hashes, none of them while the policy does not say `direct`. Publishing twice changes
    nothing. Each looks again after it has written, so that of two at once the last to write leaves
    what is so now: a key that was revoked meanwhile opens nothing.
    """
    while True:
        service = read_service(ports.registry, name).value
        if "direct" not in service.policy:
            # Nobody ever asked for it, so that no scorer reads a list.
            return
        is_direct = kept_policy(service.policy).direct
        hashes = sorted(key.key_sha256 for key in service.keys) if is_direct else []
        wanted = json.dumps({"key_sha256": hashes}).encode()
        try:
            found = ports.objects.get(access_key(name))
        except ObjectNotFound:
            found = b""
        if found == wanted:
            return
        ports.objects.put(access_key(name), wanted)
