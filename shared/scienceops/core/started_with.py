"""Started with: what a version keeps of the policy from its first start on, and says so.

A version's captures are of one kind, so what its scorer is told of the policy is frozen with its
first start; a change is taken up by the next version.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from scienceops.core.policy import policy_text

#: Keys of the policy that a scorer is told when it is started.
FROZEN = ("capture", "capture_sampling", "direct", "runtime")
#: States in which a version is never started again.
_OVER = ("rejected", "retired")


def started_with(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """What the version of a deployment runs with; empty when it was never started.

    deployment: the body of a `Deployment`, whose settings name only what is not the default.

    >>> started_with({"starts": 1, "settings": {"SCORER_CAPTURE": "synced"}, "runtime": "auto"})
    {'capture': 'synced', 'capture_sampling': 1.0, 'direct': False, 'runtime': 'auto'}
    """
    if not deployment["starts"]:
        return {}
    settings = deployment["settings"]
    return {
        "capture": settings.get("SCORER_CAPTURE", "durable"),
        "capture_sampling": float(settings.get("SCORER_SAMPLING", 1.0)),
        "direct": settings.get("SCORER_DIRECT") == "true",
        "runtime": deployment["runtime"],
    }


def takes_direct_calls(policy: Mapping[str, Any], deployment: Mapping[str, Any]) -> bool:
    """Whether a service's keys open the scorer of this version.

    It has to have started so, and the policy has to say so still: the list of keys is empty else.
    """
    return bool(policy["direct"] and started_with(deployment).get("direct"))


def kept(policy: Mapping[str, Any], deployment: Mapping[str, Any]) -> dict[str, Any]:
    """What the version runs with where that is not what the policy says now.

    `direct = false` holds at once, for it takes the keys away from every scorer.
    """
    return {
        key: value
        for key, value in started_with(deployment).items()
        if value != policy[key] and not (key == "direct" and not policy[key])
    }


def going_on(service: Mapping[str, Any]) -> list[str]:
    """A sentence for each value that started versions keep, whatever the policy says now.

    service: what `describe_service` gives.

    >>> deployment = {"starts": 1, "settings": {}, "runtime": "auto"}
    >>> policy = {"capture": "synced", "capture_sampling": 1.0, "direct": False, "runtime": "auto"}
    >>> versions = [{"version": n, "state": "proved", "deployment": deployment} for n in (2, 1)]
    >>> going_on({"policy": policy, "versions": versions})
    ['versions 1, 2 go on with capture = durable; the next version takes up synced']
    """
    policy = service["policy"]
    keepers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for version in service["versions"]:
        if version["state"] not in _OVER:
            for key, value in kept(policy, version["deployment"]).items():
                keepers[key, policy_text(value)].append(version["version"])
    return [
        f"version{'s' if len(numbers) > 1 else ''} {', '.join(map(str, sorted(numbers)))} "
        f"go{'es' if len(numbers) == 1 else ''} on with {key} = {value}; "
        f"the next version takes up {policy_text(policy[key])}"
        for (key, value), numbers in sorted(keepers.items())
    ]
