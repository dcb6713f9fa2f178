"""Settings: the only reader of the environment. Every one is `SCIENCEOPS_<NAME>`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from scienceops.aws_settings import AwsSettings
from scienceops.azure_settings import AzureSettings
from scienceops.core.captures import CaptureMode
from scienceops.core.mistakes import first_mistake
from scienceops.core.near import near
from scienceops.core.policy import check_runtime
from scienceops.errors import BadSetting

PREFIX = "SCIENCEOPS_"
SCORER_PREFIX = "SCORER_"
#: Azure's own name of what its functions, and what they start, send traces to.
INSIGHTS = "APPLICATIONINSIGHTS_CONNECTION_STRING"


class Settings(BaseSettings):
    """How this installation runs. Each description is that of a row in docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    cloud: Literal["local", "aws", "azure"] = Field(
        "local", description="Platform: local, aws or azure."
    )
    aws: AwsSettings = AwsSettings()
    azure: AzureSettings = AzureSettings()
    home: Path = Field(
        default_factory=lambda: Path.home() / ".scienceops",
        description="Folder of the local platform: bucket, registry, statistics, logs.",
    )
    environment: str = Field(
        "local", description="Name of this installation, the first column of every statistic."
    )
    tick_seconds: float = Field(
        5, gt=0, description="How often the local clock looks for work that is due or stuck."
    )
    statistics_seconds: float = Field(
        60, ge=0, description="Least time between two statistics runs that the clock starts."
    )
    statistics_engine: Literal["auto", "inline", "spark"] = Field(
        "auto", description="Engine of the statistics job; auto takes spark for large days."
    )
    record_days: int = Field(
        90,
        ge=0,
        description="Days that ended statistics runs, sent alerts and refused uploads are listed; "
        "0 keeps them for good.",
    )
    upload_settle_seconds: float = Field(
        10,
        gt=0,
        description="How long a broken upload may stand still before it is rejected.",
    )
    upload_poll_seconds: float = Field(
        0.5, gt=0, description="How often packages/ is looked at on one machine."
    )
    upload_limit_bytes: int = Field(2 * 1024**3, gt=0, description="Largest package, unzipped.")
    request_limit_bytes: int = Field(
        16 * 1024**2, gt=0, description="Largest body of one HTTP request."
    )
    proof_seconds: float = Field(
        120, gt=0, description="How long a new version may take to answer its own sample."
    )
    drain_seconds: float = Field(
        5, ge=0, description="How long a replaced version goes on answering before it is stopped."
    )
    reply_seconds: float = Field(
        60, gt=0, description="How long a scorer may take to answer one call before it gets a 503."
    )
    segment_seconds: float = Field(
        2, gt=0, description="Age at which captured rows are sealed into a segment."
    )
    segment_rows: int = Field(
        20_000, gt=0, description="Rows at which a segment is sealed, whatever its age."
    )
    spool_limit_bytes: int = Field(
        1024**3, gt=0, description="Size of unshipped captures at which scoring answers 503."
    )
    refresh_seconds: float = Field(
        3, ge=0, description="How often a page refreshes itself; 0 is never."
    )

    public_url: str = Field(
        "", description="Where people reach the pages, for links in alerts; `up` knows its own."
    )

    engine: str = Field(
        "auto",
        pattern=r"auto|none|(unix|tcp|http|https|npipe|ssh)://.+",
        description="Container engine: auto takes one that answers, none runs processes; "
        "or its address.",
    )
    images: str = Field(
        "",
        description="Repository of container images, HOST[:PORT]/PATH; "
        "by default `up` has its own, on this machine.",
    )
    base_image: str = Field(
        "python:{python}-slim", description="Image that containers are built on."
    )
    container_memory_mb: int = Field(1024, ge=64, description="Memory of one container.")
    container_cpus: float = Field(
        2, gt=0, description="Processors of one container, at most those that there are."
    )
    bucket_socket: str = Field(
        "", description="Socket of the bucket; set by the platform, inside containers."
    )

    @field_validator("home")
    @classmethod
    def _make_absolute(cls, home: Path) -> Path:
        # Jobs and scorers run in folders of their own, where a relative path means another place.
        return home.expanduser().absolute()

    @field_validator("base_image")
    @classmethod
    def _check_base_image(cls, image: str) -> str:
        try:
            image.format(python="3.11")
        except (KeyError, IndexError, ValueError):
            raise ValueError("wanted an image, in which {python} stands for its version") from None
        return image

    def check_runtime(self, runtime: str) -> str:
        """`runtime` itself when this platform has it; raises BadPolicy otherwise."""
        return check_runtime(runtime, self.cloud, warm=self.aws.warm)

    @property
    def as_environment(self) -> dict[str, str]:
        """The settings as the environment of a child process; of the clouds, this one's alone."""
        values = self.model_dump(exclude=set(CLOUDS) - {self.cloud})
        of_cloud = values.pop(self.cloud, {})
        flat = {**values, **{f"{self.cloud}_{name}": value for name, value in of_cloud.items()}}
        return {PREFIX + name.upper(): str(value) for name, value in flat.items()}


#: The settings of one cloud stand together; the name of each starts with the cloud's.
CLOUDS: Mapping[str, type[BaseModel]] = {"aws": AwsSettings, "azure": AzureSettings}


def setting_names() -> list[str]:
    """The name of every setting, in lower case and without `SCIENCEOPS_`."""
    own = [name for name in Settings.model_fields if name not in CLOUDS]
    return own + [f"{cloud}_{name}" for cloud, kind in CLOUDS.items() for name in kind.model_fields]


def child_environment(settings: Settings, extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child process: this one's, under these settings, with `extra` on top."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith((PREFIX, SCORER_PREFIX))}
    return {**kept, **settings.as_environment, **extra}


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; raises BadSetting naming the variable and what it may be.

    A variable that starts with SCIENCEOPS_ and is no setting is an error, not ignored.
    """
    given = os.environ if environment is None else environment
    values = {k[len(PREFIX) :].lower(): v for k, v in given.items() if k.startswith(PREFIX)}
    known = setting_names()
    unknown = sorted(set(values) - set(known))
    if unknown:
        # Commands read their settings always, and seldom have any to refuse.
        import difflib

        close = difflib.get_close_matches(unknown[0], known, n=1)
        meant = near([PREFIX + name.upper() for name in close])
        raise BadSetting(
            f"unknown setting {PREFIX}{unknown[0].upper()}{meant}: "
            f"settings are {', '.join(PREFIX + n.upper() for n in known)}"
        )
    nested: dict[str, Any] = {
        name: values[name] for name in values if name in Settings.model_fields
    }
    for cloud in CLOUDS:
        start = f"{cloud}_"
        nested[cloud] = {
            name.removeprefix(start): value
            for name, value in values.items()
            if name not in nested and name.startswith(start)
        }
    try:
        return Settings.model_validate(nested)
    except ValidationError as error:
        found = first_mistake(error)
        key = found.key.replace(".", "_").upper()
        raise BadSetting(f"{PREFIX}{key}={found.got}: {found.wanted}") from None


def docker_host() -> str:
    """The engine's address as Docker's own tools take it from the environment; empty if unset."""
    return os.environ.get("DOCKER_HOST", "")


class SpansPlace(NamedTuple):
    """Where spans go: `variable` says so, and the exporter of that kind reads it.

    refused: why nothing can be sent there, empty otherwise.
    """

    kind: Literal["", "otlp", "insights"]
    variable: str = ""
    refused: str = ""


def spans_place(environment: Mapping[str, str] | None = None) -> SpansPlace:
    """The place that the standard variables name, a collector's before Application Insights'.

    >>> spans_place({}).kind, spans_place({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://here:4318"}).kind
    ('', 'otlp')
    """
    given = os.environ if environment is None else environment
    if given.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return SpansPlace("")
    for variable in ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        if given.get(variable):
            return SpansPlace("otlp", variable, _refused_protocol(given))
    if given.get(INSIGHTS):
        return SpansPlace("insights", INSIGHTS)
    return SpansPlace("")


def _refused_protocol(given: Mapping[str, str]) -> str:
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if protocol := given.get(name):
            spoken = protocol == "http/protobuf"
            return "" if spoken else f"{name}={protocol}: http/protobuf is what is spoken here"
    return ""


class ScorerSettings(BaseSettings):
    """How one scorer runs; set by the service runtime, never by a person. `SCORER_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=SCORER_PREFIX, frozen=True, extra="ignore")

    service: str
    version: int
    package: Path = Field(description="The package zip, as registered.")
    package_digest: str
    bind: str = Field("127.0.0.1:8080", description="HOST:PORT or unix:PATH.")
    spool: Path = Field(description="Folder for captures that are not in the bucket yet.")
    replica: str = Field(description="Name of this copy, unique for all time.")
    gateway_key_sha256: str = Field(description="Hash of the one key that is accepted.")
    cpus: float = Field(0, ge=0, description="Cores it may use; 0 as its control group says.")
    workers: int = Field(0, ge=0, description="Processes that serve; 0 by cores and model.")
    threads: int = Field(0, ge=0, description="Calls at a time that wait; 0 by model and capture.")
    capture: CaptureMode = "durable"
    sampling: float = Field(1.0, gt=0, le=1)
    direct: bool = Field(False, description="Take calls with the service's own keys, too.")
    watch: str = Field(
        "",
        description="What closes when whoever runs the scorer dies, and the scorer then drains: "
        "stdin, or the path of a FIFO.",
    )


def load_scorer_settings() -> ScorerSettings:
    """The scorer's settings from its environment; raises BadSetting naming what is wrong.

    Whoever starts an image may be of a later release than what the image holds, so that a setting
    that is not known here is passed over.
    """
    try:
        return ScorerSettings()  # type: ignore[call-arg]  # The environment fills it.
    except ValidationError as error:
        found = first_mistake(error)
        raise BadSetting(f"{SCORER_PREFIX}{found.key.upper()}: {found.wanted}") from None
