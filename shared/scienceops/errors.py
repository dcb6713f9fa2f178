"""Every error ScienceOps raises on purpose.

ScienceOpsError                     500
├── ModelFailed                     500  the model's own code raised, or gave back no answer
├── BuildFailed                     500  a step of an image's build ended badly
├── RegistryRefused                 502  an image registry said no, or holds other content
├── BadInput                        400  what came in cannot be used
│   ├── BadName                     400
│   ├── BadSetting                  400
│   ├── BadPolicy                   400
│   ├── BadPackage                  422  `file` and `fix` say where and what to do
│   ├── BadSchema                   422
│   ├── BadRows                     422  `problems` lists row, column, what came, what was wanted
│   └── PickleNotAllowed            422
├── NotAuthenticated                401
├── NotAllowed                      403
├── NotFound                        404
│   ├── ObjectNotFound              404
│   ├── ServiceNotFound             404
│   ├── VersionNotFound             404
│   └── SecretNotFound              404
├── Conflict                        409
│   ├── ObjectExists                409
│   ├── RevisionConflict            409
│   ├── WrongState                  409
│   └── HomeInUse                   409
└── Unavailable                     503  `retry_after_seconds`
    ├── ServiceNotReady             503
    │   └── ScorerHidden            503  what stands before a scorer answered in its place
    ├── CaptureUnavailable          503
    ├── NoRoomForBody               503  the disk holds no more large bodies
    ├── EngineUnavailable           503  the container engine does not answer
    ├── RegistryUnavailable         503  the image registry does not answer
    └── StatisticsUnavailable       503  the database of the statistics does not answer
"""

from collections.abc import Sequence

from scienceops.core.near import near

#: A call reports at most this many problems; the rest are fixed by the same reading.
MOST_PROBLEMS = 20
UNKNOWN_COLUMN = "unknown column"


class ScienceOpsError(Exception):
    """Something ScienceOps knows how to explain; the message names the value and the next step."""

    http_status = 500


class ModelFailed(ScienceOpsError):
    """The model, or the package's own code around it, raised or gave back what cannot be served."""


class BuildFailed(ScienceOpsError):
    """A step of an image's build ended badly; the same step would again."""


class RegistryRefused(ScienceOpsError):
    """An image registry would not do what it was asked; trying again gives the same answer."""

    http_status = 502


class BadSegment(ScienceOpsError):
    """An object among the captures is no segment of its version."""


class BadLabels(ScienceOpsError):
    """An object among the labels is not one that the platform wrote."""


class BadInput(ScienceOpsError):
    """What came in cannot be used as it is."""

    http_status = 400


class BadName(BadInput):
    """A service name outside what every platform accepts."""

    def __init__(self, name: object) -> None:
        super().__init__(
            f"{name!r} is not a service name: use 2 to 32 lower-case letters, digits and single "
            "hyphens, starting with a letter and ending with a letter or digit, like 'iris-v2'"
        )
        self.name = name


class BadSetting(BadInput):
    """An environment setting that is unknown or out of range."""


class BadPolicy(BadInput):
    """A service policy key that is unknown or has a value it cannot take."""


class BadPackage(BadInput):
    """A model package that cannot be accepted."""

    http_status = 422

    def __init__(self, reason: str, *, file: str = "", fix: str = "") -> None:
        where = f"{file}: " if file else ""
        then = f"; {fix}" if fix else ""
        super().__init__(f"{where}{reason}{then}")
        self.reason = reason
        self.file = file
        self.fix = fix


class BadSchema(BadInput):
    """A service schema that cannot be inferred or read."""

    http_status = 422


class BadRows(BadInput):
    """Rows that break the service schema; nothing was scored.

    problems: one dict each with `row` (0-based), `column`, `problem`, `got`, `wanted`; with
    MOST_PROBLEMS of them there may be more. The message tells of an unknown column before all else.
    """

    http_status = 422

    def __init__(self, problems: Sequence[dict[str, object]]) -> None:
        # Whoever misspelt a column also left one out, and it is the name that tells them.
        unknown = (told for told in problems if told["problem"] == UNKNOWN_COLUMN)
        first = next(unknown, problems[0])
        where = f"row {first['row']}" + (f", column {first['column']!r}" if first["column"] else "")
        least = "at least " if len(problems) >= MOST_PROBLEMS else ""
        others = len(problems) - 1
        more = f" (and {least}{others} more problem{'s' if others > 1 else ''})" if others else ""
        super().__init__(
            f"{where}: {first['problem']}: got {first['got']}, wanted {first['wanted']}{more}"
        )
        self.problems = list(problems)


class PickleNotAllowed(BadInput):
    """A pickle-based model without the explicit consent to run what it holds."""

    http_status = 422


class NotAuthenticated(ScienceOpsError):
    """No credential came, or one that nobody issued."""

    http_status = 401


class NotAllowed(ScienceOpsError):
    """A known caller without the role this needs."""

    http_status = 403


class NotFound(ScienceOpsError):
    """What was asked for is not there."""

    http_status = 404


class ObjectNotFound(NotFound):
    """The object store holds nothing under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no object {key!r} in the bucket")
        self.key = key


class ServiceNotFound(NotFound):
    """The registry knows no service of this name."""

    def __init__(self, name: str, close: Sequence[str] = ()) -> None:
        super().__init__(
            f"no service named {name!r}{near(close)}; upload a package with `scienceops push`"
        )
        self.name = name


class VersionNotFound(NotFound):
    """The service has no version of this number."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(
            f"service {name!r} has no version {version}; `scienceops status {name}` lists them"
        )
        self.name = name
        self.version = version


class SecretNotFound(NotFound):
    """The secret store holds nothing under this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no secret named {name!r} in the secret store")
        self.name = name


class Conflict(ScienceOpsError):
    """Somebody else changed it first, or it cannot be done in this state."""

    http_status = 409


class ObjectExists(Conflict):
    """A put-if-absent found the key taken."""

    def __init__(self, key: str) -> None:
        super().__init__(f"object {key!r} is already there and is never overwritten")
        self.key = key


class RevisionConflict(Conflict):
    """A record was not at the revision that the writer had read."""

    def __init__(self, partition: str, key: str, expected: int, found: int) -> None:
        super().__init__(
            f"record {partition}/{key} is at revision {found}, not {expected}: read it again"
        )
        self.partition = partition
        self.key = key
        self.expected = expected
        self.found = found


class WrongState(Conflict):
    """The version or service is not in a state that allows this."""


class HomeInUse(Conflict):
    """Another `up` already runs on this home."""

    def __init__(self, home: str, pid: int) -> None:
        super().__init__(
            f"{home} is already served by process {pid}; stop that one first, "
            "or choose another folder with SCIENCEOPS_HOME"
        )
        self.home = home
        self.pid = pid


class Unavailable(ScienceOpsError):
    """Not now; the same call may work after `retry_after_seconds`."""

    http_status = 503

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ServiceNotReady(Unavailable):
    """The service has no live version that answers right now."""


class ScorerHidden(ServiceNotReady):
    """What the platform has before a scorer answered in its place, and the scorer was not asked: it
    knows no way there yet, or takes no more calls right now."""


class CaptureUnavailable(Unavailable):
    """The capture could not be made durable, so the rows were not acknowledged."""


class NoRoomForBody(Unavailable):
    """A large body could not be kept on disk, so it went no further."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(
            f"the body is too large to hold in memory, and the disk does not take it "
            f"({reason.strerror}); send fewer rows at a time, or make room in the gateway's "
            "temporary folder, which TMPDIR names",
            retry_after_seconds=5,
        )


class EngineUnavailable(Unavailable):
    """The container engine does not answer."""


class RegistryUnavailable(Unavailable):
    """The image registry does not answer."""


class StatisticsUnavailable(Unavailable):
    """The database of the statistics cannot be reached."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(
            f"the statistics database {place} does not answer: {reason}", retry_after_seconds=30
        )
        self.place = place
