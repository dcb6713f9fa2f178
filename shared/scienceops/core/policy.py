"""Service policy: what may be decided for a service without making a new model."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from scienceops.core.alerts import RULES, AlertBound, AlertRules, AlertUrl
from scienceops.core.captures import CaptureMode
from scienceops.core.mistakes import first_mistake
from scienceops.errors import BadPolicy

Runtime = Literal["auto", "lambda", "fargate"]
#: What each platform can run a scorer on; `auto` leaves the choice to it.
RUNTIMES: Mapping[str, tuple[Runtime, ...]] = {
    "local": ("auto",),
    "aws": ("auto", "lambda", "fargate"),
    "azure": ("auto",),
}


class Policy(BaseModel):
    """One service's policy. Its first package proposes it in scienceops.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    promotion: Literal["auto", "manual"] = Field(
        "auto", description="auto: a proved version goes live; manual: a person decides."
    )
    candidates: Literal["manual", "auto_if_better", "never"] = Field(
        "manual",
        description="Who lets a retrained version live: manual, a person; auto_if_better, nobody "
        "is asked when it is better; never, none goes live.",
    )
    margin: float = Field(
        0.0, ge=0, description="How much better on new rows a better candidate surely is."
    )
    tolerance: float = Field(
        0.05, ge=0, description="How much worse on original rows a better candidate may surely be."
    )
    retrain_cron: str = Field(
        "", description="When to retrain by itself, as a cron line in UTC; empty is never."
    )
    retrain_days: int = Field(
        30, ge=1, description="How many days a retraining by cron or rule looks back."
    )
    retrain_drift_days: int = Field(
        0, ge=0, description="Propose retraining when this many of the last days drift; 0 is off."
    )
    retrain_drift_window: int = Field(7, ge=1, description="How many days those last days are.")
    retrain_quality_below: float | None = Field(
        None,
        description="Propose retraining when accuracy, or r2, of 30 labels or more is below "
        "this; none is off.",
    )
    retrain_minutes: float = Field(60, gt=0, description="How long train.py may run.")
    capture: CaptureMode = Field(
        "durable",
        description="Where a call's record is when it is answered: durable, in a file of the "
        "scorer; synced, on its disk; stored, in the bucket; buffered, in memory; off, nowhere. "
        "A version keeps what it first started with.",
    )
    capture_sampling: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Share of the calls that are captured. A version keeps "
        "what it first started with.",
    )
    runtime: Runtime = Field(
        "auto",
        description="What versions that first start from now on run on, on AWS: lambda, which "
        "costs nothing while nobody calls; fargate, which is always warm; auto is lambda.",
    )
    direct: bool = Field(
        False,
        description="Callers with a key of the service may call its scorers directly. "
        "Only versions that first start under it take such calls; false ends them at once.",
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
        None,
        description="Accuracy or r2, of 30 labels or more, below which there is an alert; none: no "
        "bound.",
    )

    @field_validator("retrain_cron")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        if value:
            from croniter import croniter

            if len(value.split()) != 5 or not croniter.is_valid(value):
                raise ValueError("wanted five cron fields, like `0 3 * * 1` for Mondays at 3:00")
        return value


def read_policy(values: Mapping[str, Any]) -> Policy:
    """The policy with defaults filled in; raises BadPolicy naming the key and what it may be.

    >>> read_policy({"promotion": "manual"}).promotion
    'manual'
    """
    try:
        return Policy.model_validate(values)
    except ValidationError as error:
        found = first_mistake(error)
        if found.unknown:
            raise BadPolicy(
                f"unknown policy key {found.key!r}: keys are {', '.join(Policy.model_fields)}"
            ) from None
        raise BadPolicy(f"policy {found.key} = {found.got}: {found.wanted}") from None


def kept_policy(values: Mapping[str, Any]) -> Policy:
    """The policy of a service as its record has it; keys of a later release decide nothing here.

    >>> kept_policy({"promotion": "manual", "of_tomorrow": 1}).promotion
    'manual'
    """
    return read_policy({key: values[key] for key in values if key in Policy.model_fields})


def check_cron(cron: str) -> str:
    """`cron` itself, empty or a line of days that come; raises BadPolicy for one of days that no
    year has.

    >>> check_cron("0 3 29 2 *")
    '0 3 29 2 *'
    """
    if cron:
        from croniter import CroniterBadDateError, croniter

        try:
            croniter(cron, datetime(2026, 1, 1, tzinfo=UTC)).get_prev()
        except CroniterBadDateError:
            raise BadPolicy(
                f"policy retrain_cron = {cron}: no year has such a day; wanted a line like "
                "`0 3 1 * *` for the first of each month at 3:00"
            ) from None
    return cron


def check_runtime(runtime: str, cloud: str, *, warm: bool = False) -> str:
    """`runtime` itself when the platform has it; raises BadPolicy otherwise.

    warm: whether the doors of a stage on AWS stand where they can reach tasks on Fargate.

    >>> check_runtime("fargate", "aws", warm=True)
    'fargate'
    """
    if runtime not in RUNTIMES[cloud]:
        raise BadPolicy(
            f"policy runtime = {runtime}: this platform ({cloud}) knows "
            f"{', '.join(RUNTIMES[cloud])} alone"
        )
    if runtime == "fargate" and not warm:
        raise BadPolicy(
            "policy runtime = fargate: the doors of this stage are outside of the network that "
            "tasks on Fargate are in; take lambda, or deploy the stage with --param=warm=yes (and "
            "set SCIENCEOPS_AWS_WARM=yes where you run commands yourself)"
        )
    return runtime


def policy_text(value: Any) -> str:
    """A value of a policy as people write it, and as `changed_policy` reads it.

    >>> policy_text(True), policy_text(None), policy_text(["drift", "quality"])
    ('true', 'none', 'drift,quality')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(value)
    return "none" if value is None else str(value)


def changed_policy(current: Mapping[str, Any], key: str, value: str) -> Policy:
    """The policy with one key set from text; raises BadPolicy.

    >>> changed_policy({}, "simulated", "true").simulated
    True
    """
    field = Policy.model_fields.get(key)
    empty = field is not None and field.default is None and value.lower() in ("", "none")
    changed = read_policy({**current, key: None if empty else value})
    if key == "retrain_cron":
        check_cron(changed.retrain_cron)
    return changed
