"""Versions, deployments and services: the records of the registry and the moves they allow."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel, ConfigDict

from scienceops.core.package import TRAIN
from scienceops.core.requirement_lines import PANDAS
from scienceops.errors import WrongState

#: What the ledger calls it when a version goes live, whoever wanted it so.
MADE_LIVE = "version made live"
#: And when the calls of a service are divided otherwise.
DIVIDED = "traffic changed"

#: What models that need neither scikit-learn nor pandas run on, by kind of runtime.
_ENGINES: Mapping[str, frozenset[str]] = {
    "compiled": frozenset({"numpy"}),
    "onnx": frozenset({"numpy", "onnxruntime"}),
}


class VersionState(StrEnum):
    """Where a version stands between upload and proof."""

    UPLOADED = "uploaded"
    BUILDING = "building"
    BUILT = "built"
    PROVED = "proved"
    FAILED = "failed"
    REJECTED = "rejected"


#: From each state, the states that may follow. `retry` reopens a failed version.
MOVES: dict[VersionState, frozenset[VersionState]] = {
    VersionState.UPLOADED: frozenset({VersionState.BUILDING, VersionState.FAILED}),
    VersionState.BUILDING: frozenset({VersionState.BUILT, VersionState.FAILED}),
    VersionState.BUILT: frozenset({VersionState.PROVED, VersionState.FAILED}),
    VersionState.PROVED: frozenset({VersionState.REJECTED}),
    VersionState.FAILED: frozenset({VersionState.UPLOADED}),
    VersionState.REJECTED: frozenset(),
}

#: States from which nothing moves on by itself.
RESTING = frozenset({VersionState.PROVED, VersionState.FAILED, VersionState.REJECTED})


class Document(BaseModel):
    """A registry body: immutable. Fields that a later release gave it are kept as they are.

    Doors of two releases work side by side while one replaces the other, and an earlier one may
    come back: what it does not know it neither refuses nor loses.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    def to_body(self) -> dict[str, Any]:
        """The plain values that the registry stores."""
        return self.model_dump(mode="json")

    def changed(self, **changes: Any) -> "Any":
        """A copy with some fields changed."""
        return self.model_copy(update=changes)


class Version(Document):
    """One version of a model: what was uploaded, and how far it has come.

    digest: sha256 of the package, its identity. manifest: the package's own, as it was read.
    attempt: how often it was (re)opened; it keys the build, so that a retry builds anew.
    image: what serves it. training_image: what retrains it, where that is another.
    """

    service: str
    number: int
    digest: str
    state: VersionState = VersionState.UPLOADED
    uploaded_at: str
    uploaded_key: str
    manifest: Mapping[str, Any]
    requirements: tuple[str, ...] = ()
    attempt: int = 1
    build_id: str = ""
    image: str = ""
    training_image: str = ""
    reason: str = ""
    log_tail: tuple[str, ...] = ()
    proving_since: str = ""

    @property
    def training_set(self) -> str:
        """sha256 of the frozen rows that a retraining made this version from; empty otherwise."""
        return str(self.manifest.get("origin", {}).get("training_set", ""))

    @property
    def serving_requirements(self) -> tuple[str, ...]:
        """What serving it takes beside the scorer's own: of a compiled model, its numpy alone."""
        engine = self._engine
        if not engine:
            return (*self.requirements, PANDAS)
        return tuple(line for line in self.requirements if _name(line) in engine)

    @property
    def training_requirements(self) -> tuple[str, ...] | None:
        """What retraining it takes: None for the same as serving, nothing where it cannot be."""
        if not self._engine:
            return None
        return (*self.requirements, PANDAS) if TRAIN in self.manifest["files"] else ()

    @property
    def _engine(self) -> frozenset[str]:
        return _ENGINES.get(self.manifest.get("runtime", {}).get("kind", ""), frozenset())

    def moved(self, state: VersionState, **changes: Any) -> "Version":
        """The version in its next state; raises WrongState for a move that is not allowed."""
        if state not in MOVES[self.state]:
            raise WrongState(
                f"{self.service}:{self.number} is {self.state} and cannot become {state}"
            )
        return self.model_copy(update={"state": state, **changes})


class Deployment(Document):
    """What should run of a version, and what was last seen of it.

    settings, runtime: what its scorer is told of the policy, since its first start.
    failed_starts: how often it was started after a failure since it was last ready; the next such
    start comes at start_after at the earliest.
    """

    service: str
    version: int
    desired: Literal["running", "stopped"]
    observed: str = "stopped"
    endpoint: str = ""
    reason: str = ""
    starts: int = 0
    failed_starts: int = 0
    start_after: str = ""
    settings: Mapping[str, str] = {}
    runtime: str = "auto"
    stop_after: str = ""


class ApiKey(Document):
    """One of a service's two API keys: its hash, never the key."""

    slot: Literal["primary", "secondary"]
    key_sha256: str
    hint: str
    created_at: str
    created_by: str


class Promotion(Document):
    """A version on its way to be live, asked for by somebody."""

    version: int
    kind: Literal["approval", "rollback", "policy"]
    by: str
    comment: str
    at: str


class Service(Document):
    """One service: what is live, what was before, who may call it and by which policy.

    traffic: version -> weight; all goes to the live one when empty. shadow: a version that
    answers too, unheard. promotion: what is about to be live.
    """

    name: str
    live: int | None = None
    previous: int | None = None
    traffic: Mapping[str, int] = {}
    shadow: int | None = None
    promotion: Promotion | None = None
    #: Highest version that was ever live, or that policy asked for: policy takes newer ones alone.
    auto_promoted: int = 0
    policy: Mapping[str, Any] = {}
    #: When the policy was last changed by hand, or came with the first package.
    policy_at: str = ""
    keys: tuple[ApiKey, ...] = ()

    @property
    def serving(self) -> set[int]:
        """Versions that must run: those that answer, and the one about to."""
        found = {self.live, self.shadow, *(int(version) for version in self.traffic)}
        found.add(self.promotion.version if self.promotion else None)
        return {version for version in found if version is not None}


def division_of(live: int | None, traffic: Mapping[str, int], shadow: int | None) -> str:
    """Who answers the calls of a service, in words.

    >>> division_of(2, {"2": 90, "10": 7}, 3)
    '90 to version 2, 7 to version 10, shadow 3'
    """
    weights = sorted((int(version), weight) for version, weight in traffic.items())
    parts = [f"{weight} to version {version}" for version, weight in weights]
    parts = parts or [f"all to version {live}"]
    return ", ".join(parts if shadow is None else [*parts, f"shadow {shadow}"])


class Rejection(Document):
    """An upload that became no version, and why. digest: empty of one too large to be read."""

    key: str
    digest: str
    size_bytes: int
    reason: str
    fix: str
    file: str
    at: str


class RunState(StrEnum):
    """Where a statistics run stands."""

    FREEZING = "freezing"
    READY = "ready"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILING = "failing"
    ABANDONED = "abandoned"


#: States in which a run keeps others from starting.
BUSY_RUNS = frozenset({RunState.FREEZING, RunState.READY, RunState.RUNNING})
#: States from which a run still moves on.
OPEN_RUNS = BUSY_RUNS | {RunState.FAILING}


class StatisticsRun(Document):
    """One statistics run: what asked for it, what it reads, how it ended.

    A run that fails is started again, waiting longer each time; after some attempts it is
    `failing`, which lets other runs go ahead while it is still retried.
    """

    number: int
    state: RunState = RunState.FREEZING
    engine: str
    requested_at: str
    requested_by: str
    partitions: int = 0
    segments: int = 0
    attempt: int = 0
    job_id: str = ""
    retry_at: str = ""
    reason: str = ""
    result: Mapping[str, Any] = {}


class EndedRuns(Document):
    """Every run with a lower number than `below` has ended."""

    below: int = 0


class Token(Document):
    """A named token of a person or program that manages services."""

    name: str
    role: Literal["viewer", "operator", "admin"]
    key_sha256: str
    created_at: str
    created_by: str
    revoked_at: str = ""


def _name(line: str) -> str:
    return canonicalize_name(Requirement(line).name)
