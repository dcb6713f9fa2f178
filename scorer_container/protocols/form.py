"""Form: what each protocol is to the core."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from scienceops.core.table import Table
from scienceops.problems import Problem
from scienceops.running import Scored

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"


class Answer(msgspec.Struct, frozen=True):
    """What is answered to a call that was scored."""

    request_id: str
    service: str
    version: int
    scored: Scored


class Sent(msgspec.Struct, frozen=True):
    """The body of a reply, its content type, and headers of the protocol's own."""

    content_type: str
    body: bytes
    headers: Mapping[str, str] = {}


class Form(Protocol):
    """How one protocol reads the rows of a call and writes its answer."""

    def read(self, body: bytes) -> Table:
        """The rows, checked; raises BadInput, or BadRows with faults by row and column."""
        ...

    def write(self, answer: Answer) -> Sent:
        """The answer's body."""
        ...

    def refuse(self, problem: Problem) -> Sent:
        """The body of a problem."""
        ...
