"""Job runs: what the two places where jobs run have in common, as the launcher sees them."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from scienceops.ports.job_launcher import JobOrder


@dataclass(frozen=True)
class Look:
    """How a run stands: whether it goes on, and otherwise whether it ended well, or why not.

    known: whether the platform shows it; one that was begun a moment ago may not be shown yet.
    """

    runs: bool
    succeeded: bool = False
    reason: str = ""
    known: bool = True


class JobRuns(Protocol):
    """EMR Serverless, or ECS."""

    def start(self, job_id: str, order: JobOrder) -> str:
        """Begin the run of a job, the same one for the same job; its id. Raises StartRefused, and
        Unavailable while there is no room for it."""
        ...

    def look(self, run_id: str) -> Look:
        """How it stands."""
        ...

    def stop(self, run_id: str) -> None:
        """End it; nothing happens when it has ended."""
        ...

    def log(self, run_id: str) -> str:
        """What it has written, as far as the platform tells; empty when that is nothing yet."""
        ...


def token_of(prefix: str, job_id: str) -> str:
    """By which AWS knows that a start is a repetition."""
    return hashlib.sha256(f"{prefix} {job_id}".encode()).hexdigest()[:32]
