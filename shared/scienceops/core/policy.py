"""Service policy: what may be decided for a service without making a new model."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scienceops.core.alerts import RULES, AlertBound, AlertRules, AlertUrl
from scienceops.errors import BadPolicy


class Policy(BaseModel):
    """One service's policy. Its first package proposes it in scienceops.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    promotion: Literal["auto", "manual"] = Field(
        "auto", description="auto: a proved version goes live; manual: a person decides."
    )
    simulated: bool = Field(
        False, description="Operators may score with a time of their own, to simulate the past."
    )
    attention_variation: float = Field(
        0.5,
        ge=0,
        description="Features whose coefficient of variation reaches this are shown by default.",
    )
    alert_url: AlertUrl = Field("", description="Where alerts are posted; empty: nowhere.")
    alert_on: AlertRules = Field(RULES, description="Rules that make an alert.")
    alert_no_traffic_hours: float = Field(
        0, ge=0, le=8760, description="Hours without a captured row that make an alert; 0: none."
    )
    alert_quality_below: AlertBound = Field(
        None, description="Accuracy or r2 below which there is an alert; none: no bound."
    )


def read_policy(values: Mapping[str, Any]) -> Policy:
    """The policy with defaults filled in; raises BadPolicy naming the key and what it may be.

    >>> read_policy({"promotion": "manual"}).promotion
    'manual'
    """
    try:
        return Policy.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise BadPolicy(
                f"unknown policy key {key!r}: keys are {', '.join(Policy.model_fields)}"
            ) from None
        raise BadPolicy(f"policy {key} = {first['input']!r}: {first['msg']}") from None


def changed_policy(current: Mapping[str, Any], key: str, value: str) -> Policy:
    """The policy with one key set from text; raises BadPolicy.

    >>> changed_policy({}, "simulated", "true").simulated
    True
    """
    return read_policy({**current, key: value})
