"""Names and keys: what a service may be called and where in the bucket each thing lives."""

import re
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from scienceops.errors import BadInput, BadName

_NAME = re.compile(r"[a-z](?:-?[a-z0-9]){1,31}")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SECRET_NAME = re.compile(r"[a-z](?:[-.]?[a-z0-9])+")

PACKAGES = "packages/"
VERSIONS = "versions/"
CAPTURES = "captures/"
LABELS = "labels/"
RUNS = "statistics/runs/"
BUILDS = "builds/"
JOBS = "jobs/"
TRAINING_SETS = "training_sets/"
ACCESS = "access/"

#: Feature name under which predictions are summarised; a schema may not use it for a column.
PREDICTION = "prediction"
#: Feature name under which the latency of the calls is summarised, in milliseconds.
LATENCY = "(latency_ms)"
#: Feature name under which predictions are compared with their labels.
QUALITY = "(quality)"

#: Columns of captured rows that are ours, beside the inputs.
REQUEST, ROW, AT, LABEL, FLAG = "(request_id)", "(row)", "(captured_at)", "(label)", "(flag)"
#: Columns of a training set that are ours.
WEIGHT, SOURCE, HELD_OUT = "(weight)", "(source)", "(held_out)"
#: What a column of training data may not be named, and no input either.
OF_TRAINING = frozenset({REQUEST, ROW, AT, LABEL, FLAG, WEIGHT, SOURCE, HELD_OUT})


def check_service_name(name: object) -> str:
    """`name` itself when every platform accepts it; raises BadName otherwise.

    >>> check_service_name("iris-v2")
    'iris-v2'
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 32:
        raise BadName(name)
    return name


def check_secret_name(name: str) -> str:
    """`name` itself when every platform's secret store accepts it; raises BadInput otherwise.

    A dot becomes `--` where a store has none, and its names end at 127 characters: hence 63.

    >>> check_secret_name("gateway-secret")
    'gateway-secret'
    """
    if not _SECRET_NAME.fullmatch(name) or len(name) > 63:
        raise BadInput(
            f"{name!r} is not a secret's name: use 2 to 63 lower-case letters, digits, single "
            "hyphens and dots, starting with a letter, like 'session-secret'"
        )
    return name


def access_key(name: str) -> str:
    """Where the scorers of a service read whose keys may call them directly.

    >>> access_key("iris")
    'access/iris.json'
    """
    return f"{ACCESS}{name}.json"


def model_id(name: str, version: int) -> str:
    """The `model_id` of a statistics tuple.

    >>> model_id("iris", 3)
    'iris:3'
    """
    return f"{name}:{version}"


def split_package_key(key: str) -> tuple[str, str]:
    """(service, file name) of an upload key; raises BadInput when it is not an upload's place.

    >>> split_package_key("packages/iris/model.zip")
    ('iris', 'model.zip')
    """
    parts = key.split("/")
    if len(parts) != 3 or f"{parts[0]}/" != PACKAGES or not parts[1] or not parts[2]:
        raise BadInput(f"{key!r} is not an upload: put the zip at packages/NAME/FILE.zip")
    return parts[1], parts[2]


def version_prefix(name: str, version: int) -> str:
    """Where the files of a version are kept for good.

    >>> version_prefix("iris", 3)
    'versions/iris/3/'
    """
    return f"{VERSIONS}{name}/{version}/"


def package_key(name: str, version: int) -> str:
    """Key of a version's package, byte for byte as it was uploaded.

    >>> package_key("iris", 3)
    'versions/iris/3/package.zip'
    """
    return version_prefix(name, version) + "package.zip"


def version_file_key(name: str, version: int, file: str) -> str:
    """Key of one file taken out of the package, such as schema.json or baseline.parquet.

    >>> version_file_key("iris", 3, "schema.json")
    'versions/iris/3/schema.json'
    """
    return version_prefix(name, version) + file


@dataclass(frozen=True, order=True)
class Partition:
    """The captures and labels of one version on one UTC day: what statistics recompute whole."""

    service: str
    version: int
    date: date

    @property
    def prefix(self) -> str:
        """Key prefix of the partition's segments."""
        return f"{CAPTURES}{self.service}/{self.version}/date={self.date.isoformat()}/"

    def segment_key(self, replica: str, sequence: int) -> str:
        """Deterministic key of one sealed segment, so that sealing it twice writes it once."""
        return f"{self.prefix}{replica}-{sequence:08d}.parquet"

    @property
    def labels_prefix(self) -> str:
        """Key prefix of the labels of the partition's rows."""
        return f"{LABELS}{self.service}/{self.version}/date={self.date.isoformat()}/"

    @classmethod
    def of_key(cls, key: str) -> "Partition":
        """The partition a capture's or label's key lies in; raises BadInput for any other key.

        >>> Partition.of_key("captures/iris/3/date=2026-11-23/a-00000001.parquet").version
        3
        """
        parts = key.split("/")
        try:
            place = f"{parts[0]}/"
            if len(parts) != 5 or place not in (CAPTURES, LABELS) or parts[3][:5] != "date=":
                raise ValueError(key)
            return cls(parts[1], int(parts[2]), date.fromisoformat(parts[3][5:]))
        except ValueError:
            raise BadInput(
                f"{key!r} is no capture or label: "
                "wanted captures/NAME/VERSION/date=YYYY-MM-DD/FILE or labels/..."
            ) from None


def training_set_key(name: str, digest: str) -> str:
    """Key of the frozen rows of a training set, named by their content.

    >>> training_set_key("iris", "ab12")
    'training_sets/iris/ab12.parquet'
    """
    return f"{TRAINING_SETS}{name}/{digest}.parquet"


def training_order_key(name: str, number: int, told_by: str = "") -> str:
    """Key of the object that says what a retraining may read.

    told_by: tells apart two who write one under the same number; earlier releases did not.

    >>> training_order_key("iris", 3, "5eed"), training_order_key("iris", 3)
    ('training_sets/iris/retraining-3.order-5eed.json', 'training_sets/iris/retraining-3.json')
    """
    return f"{TRAINING_SETS}{name}/retraining-{number}{told_by and f'.order-{told_by}'}.json"


def candidate_key(name: str, number: int) -> str:
    """Where a retraining uploads its candidate: a package like any other.

    >>> candidate_key("iris", 3)
    'packages/iris/retrained-3.zip'
    """
    return f"{PACKAGES}{name}/retrained-{number}.zip"


def training_result_key(name: str, number: int, step: str) -> str:
    """Key of the object in which a step of a retraining says what came of it.

    >>> training_result_key("iris", 3, "select")
    'training_sets/iris/retraining-3.select.json'
    """
    return f"{TRAINING_SETS}{name}/retraining-{number}.{step}.json"


def run_id(number: int) -> str:
    """Id of a statistics run.

    >>> run_id(7)
    'run-000000007'
    """
    return f"run-{number:09d}"


def run_manifest_key(identity: str) -> str:
    """Key of the object that freezes what a run reads.

    >>> run_manifest_key("run-000000007")
    'statistics/runs/run-000000007.json'
    """
    return f"{RUNS}{identity}.json"


def run_result_key(identity: str) -> str:
    """Key of the object in which a run says how it ended.

    >>> run_result_key("run-000000007")
    'statistics/runs/run-000000007.result.json'
    """
    return f"{RUNS}{identity}.result.json"


def job_key(job_id: str, file: str) -> str:
    """Key of one of the objects in which a job tells of itself, where its platform does not.

    >>> job_key("run-000000007-1", "log.txt")
    'jobs/run-000000007-1/log.txt'
    """
    return f"{JOBS}{job_id}/{file}"


def plain_name(key: str) -> str:
    """The key of a build or job as one name that every platform takes; the key itself if it can.

    >>> plain_name("iris-3-1"), plain_name("../up")
    ('iris-3-1', 'key-8c722b8ae2c9de45')
    """
    if _PLAIN.fullmatch(key):
        return key
    return f"key-{sha256(key.encode()).hexdigest()[:16]}"


def utf16_units(text: str) -> int:
    """How long SQL Server takes a text to be.

    >>> utf16_units("a🎉")
    3
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
