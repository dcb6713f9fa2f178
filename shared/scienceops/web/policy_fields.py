"""Policy fields: what the page of a policy shows of each key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from scienceops.core.policy import Policy, policy_text


@dataclass(frozen=True)
class PolicyField:
    """One key; choices: all that it may be, empty where that is open."""

    key: str
    text: str
    description: str
    choices: tuple[str, ...]


def policy_fields(policy: Mapping[str, Any]) -> list[PolicyField]:
    """The keys of a policy with their values as people write them, in its order."""
    return [
        PolicyField(
            key, policy_text(policy[key]), field.description or "", _choices(field.annotation)
        )
        for key, field in Policy.model_fields.items()
    ]


def _choices(annotation: Any) -> tuple[str, ...]:
    """What a type allows.

    >>> _choices(Literal["auto", "manual"]), _choices(bool), _choices(float | None)
    (('auto', 'manual'), ('true', 'false'), ())
    """
    if annotation is bool:
        return ("true", "false")
    return get_args(annotation) if get_origin(annotation) is Literal else ()
