"""JobLauncher: runs a batch job that outlives the function that asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class JobOrder:
    """What to run. `key` names the attempt: the same key is the same job.

    module: the Python module to run as a program, such as `stats_job`.
    image: the version's image whose environment runs it; empty for the platform's own.
    calling_image: of a job of the platform that calls scorers, an image that holds that job, too;
    it runs there where scorers are out of reach of the platform's own.
    settings: extra environment for the job. reads, writes: prefixes of the keys that it may read,
    and write, of the bucket; a platform that gives jobs no sandbox does not hold it to them.
    """

    key: str
    module: str
    arguments: tuple[str, ...]
    timeout_seconds: float
    image: str = ""
    calling_image: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


@dataclass(frozen=True)
class JobStatus:
    """How a job stands; `reason` is set when it FAILED."""

    state: JobState
    reason: str = ""
    log_tail: tuple[str, ...] = ()


class JobLauncher(Protocol):
    """Jobs outlive the caller: start, then ask."""

    def start(self, order: JobOrder) -> str:
        """Begin the job and return its id; with a key seen before, return that job's id.

        What the platform refuses to begin, for what was ordered or for a setting that it lacks, is
        a job that FAILED with the reason. What may go better the next time raises.
        """
        ...

    def status(self, job_id: str) -> JobStatus:
        """How the job stands. An unknown id, a job over its time limit, and one whose process
        vanished are FAILED, with the reason. `log_tail` holds the last 20 lines."""
        ...

    def cancel(self, job_id: str) -> None:
        """End the job and whatever it started; a job that has ended stays as it ended."""
        ...

    def log(self, job_id: str) -> str:
        """The whole log so far; empty for an unknown id."""
        ...
