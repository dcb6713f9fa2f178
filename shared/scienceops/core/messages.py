"""Messages: what travels on the queues. Every one is a hint; the registry is the truth."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from scienceops.errors import BadInput

WORK = "work"
CAPTURES = "captures"
ALERTS = "alerts"
QUEUES = (WORK, CAPTURES, ALERTS)

#: What the smallest of the platforms' queues takes: 64 KiB on Azure, once it is base64.
LARGEST_BODY_BYTES = 48 * 1024


class _Message(BaseModel):
    # A door of another release may have sent it, and said more than this one knows of.
    model_config = ConfigDict(frozen=True, extra="ignore")

    def to_body(self) -> dict[str, Any]:
        """The JSON object to send."""
        return self.model_dump(mode="json", exclude_none=True)


class _Work(_Message):
    """A message that another one follows until what it names rests. chain: see core.nudges."""

    chain: int | None = None


class AdvanceVersion(_Work):
    """Take a version's next step: build, follow the build, deploy, prove, promote."""

    kind: Literal["advance_version"] = "advance_version"
    service: str
    version: int

    @property
    def names(self) -> str:
        """What is looked at, within its partition."""
        return f"version {self.version}"


class ReconcileDeployment(_Work):
    """Bring what runs of a version in line with what is desired."""

    kind: Literal["reconcile_deployment"] = "reconcile_deployment"
    service: str
    version: int

    @property
    def names(self) -> str:
        """What is looked at, within its partition."""
        return f"deployment {self.version}"


class FollowRun(_Work):
    """See how a statistics run is doing."""

    kind: Literal["follow_run"] = "follow_run"
    run: int

    @property
    def names(self) -> str:
        """What is looked at, within its partition."""
        return f"run {self.run}"


class AdvanceRetraining(_Work):
    """Take a retraining's next step: select, train, wait for the candidate, compare."""

    kind: Literal["advance_retraining"] = "advance_retraining"
    service: str
    number: int

    @property
    def names(self) -> str:
        """What is looked at, within its partition."""
        return f"retraining {self.number}"


class CaptureChanged(_Message):
    """A partition of the captures has a new segment."""

    kind: Literal["capture_changed"] = "capture_changed"
    service: str
    version: int
    date: str


class SendAlert(_Message):
    """Post an alert's event to its receiver."""

    kind: Literal["send_alert"] = "send_alert"
    service: str
    rule: str
    sequence: int


Work = Annotated[
    AdvanceVersion | ReconcileDeployment | FollowRun | AdvanceRetraining,
    Field(discriminator="kind"),
]
_WORK: TypeAdapter[Work] = TypeAdapter(Work)


def parse_work(body: object) -> Work:
    """The message on queue `work`; raises BadInput for any other shape.

    >>> parse_work({"kind": "follow_run", "run": 3}).run
    3
    """
    try:
        return _WORK.validate_python(body)
    except ValidationError as error:
        raise BadInput(
            f"not a message of queue {WORK!r}: {body!r} ({error.error_count()} faults)"
        ) from error


def encode_body(body: Mapping[str, Any]) -> str:
    """The JSON text that a queue stores; raises BadInput when it is too large or no JSON.

    >>> encode_body({"key": "a"})
    '{"key":"a"}'
    """
    try:
        text = json.dumps(dict(body), separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BadInput(f"a message must be a JSON object: {error}") from None
    if len(text) > LARGEST_BODY_BYTES:
        raise BadInput(
            f"a message of {len(text)} bytes: wanted at most {LARGEST_BODY_BYTES}; "
            "put the content in the bucket and send its key"
        )
    return text
