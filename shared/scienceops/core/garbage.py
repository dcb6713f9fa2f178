"""Garbage: what takes room and is of no more use, and what is still in use and must stay."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "upload",
    "run manifest",
    "environment",
    "build",
    "job",
    "log",
    "image",
    "image file",
    "container",
    "leftover",
]
KINDS_IN_BUCKET: tuple[Kind, ...] = ("upload", "run manifest")


@dataclass(frozen=True)
class Garbage:
    """One thing that can go. name: its key in the bucket, its place under the home, or
    its name in the container engine.

    seen: what it looked like (an etag, a time); one that looks otherwise by now is left alone.
    """

    kind: Kind
    name: str
    size_bytes: int
    why: str
    seen: str = ""


@dataclass(frozen=True)
class InUse:
    """What the registry says is in use.

    images: of versions that are not rejected, and of what still runs.
    builds: of those versions. open_builds: of versions on their way. open_jobs: keys of the jobs of
    retrainings and statistics runs that are not at their end, the latter without the attempt.
    deployments: (service, version) that runs or should.
    """

    images: frozenset[str]
    builds: frozenset[str]
    open_builds: frozenset[str]
    open_jobs: frozenset[str]
    deployments: frozenset[tuple[str, int]]
