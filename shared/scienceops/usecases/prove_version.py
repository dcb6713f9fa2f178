"""Prove a version: it must answer its own sample as the trained model did."""

import json
import math
from typing import Any

from scienceops.core.access import derive_key
from scienceops.core.names import version_file_key
from scienceops.core.versions import Version
from scienceops.ports import Ports
from scienceops.usecases.platform_secrets import gateway_secret

#: Answers may differ by this much, relative: other processors add in another order.
TOLERANCE = 1e-6


def prove_version(version: Version, endpoint: str, ports: Ports) -> str:
    """What is wrong with the service's answer to the sample; empty when nothing is.

    Raises ServiceNotReady when it does not answer, ScorerHidden when it was not asked.
    """
    name, number = version.service, version.number
    sample = json.loads(ports.objects.get(version_file_key(name, number, "sample.json")))
    headers = {
        "Authorization": f"Bearer {derive_key(gateway_secret(ports.secrets), name, number)}",
        "Content-Type": "application/json",
        "X-ScienceOps-Capture": "off",
    }
    body = json.dumps({"input_df": sample["rows"]}).encode()
    reply = ports.runtime.call(endpoint, "POST", "/score", headers=headers, body=body)
    if reply.status != 200:
        text = reply.content.decode("utf-8", "replace")[:500]
        return f"the service answered its own sample with status {reply.status}: {text}"
    answer = json.loads(reply.content)
    for part in ("predictions", "probabilities"):
        expected = sample.get(part)
        if expected is not None and (fault := _differs(expected, answer.get(part), part)):
            return f"{fault}; the model behaves otherwise than where it was packed"
    return ""


def _differs(expected: Any, found: Any, where: str) -> str:
    if isinstance(expected, float) and isinstance(found, int | float):
        same = math.isclose(expected, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        return "" if same else f"{where} is {found!r}, the sample expects {expected!r}"
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        return next(
            (f for k in expected if (f := _differs(expected[k], found[k], f"{where}[{k!r}]"))), ""
        )
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return next((f for i, (e, g) in pairs if (f := _differs(e, g, f"{where}[{i}]"))), "")
    return "" if expected == found else f"{where} is {found!r}, the sample expects {expected!r}"
