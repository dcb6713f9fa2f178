"""Nudges: which chain of messages leads each thing on that is not at rest.

A message of queue `work` is followed by another one until what it names rests: a chain. Messages
can be lost and doubled, so that a chain may break, or be two. A nudge begins a new chain with a
number of its own, and a message of an older chain is followed by none any more: whatever is
nudged, however often, has one chain in the end.
"""

from collections.abc import Mapping
from datetime import datetime

from scienceops.core.messages import Work
from scienceops.core.versions import Document

#: Key of the record, one for each partition.
KEY = "nudges"


class Nudge(Document):
    """Which chain leads one thing on, 0 until it is nudged, and since when."""

    chain: int
    at: str


class Nudges(Document):
    """What is not at rest in a partition, by name. chains: the newest number of a chain."""

    chains: int = 0
    items: Mapping[str, Nudge] = {}

    def is_due(self, name: str, since: str, now: datetime, patience_seconds: float) -> bool:
        """Whether what is under way since `since` has waited long enough for a (new) chain.

        >>> nudges = Nudges(items={"version 3": Nudge(chain=1, at="2026-11-23T12:00:00Z")})
        >>> now = datetime.fromisoformat("2026-11-23T12:00:50Z")
        >>> nudges.is_due("version 3", "", now, 60), nudges.is_due("version 3", "", now, 0)
        (False, True)
        """
        at = self.items[name].at if name in self.items else since
        waited = (now - datetime.fromisoformat(at)).total_seconds() if at else 0.0
        return waited >= patience_seconds

    def follow(self, message: Work) -> Work | None:
        """The message that goes on with this one's chain; None where a newer one has begun.

        A message that began as somebody's word has no number; it joins the chain that there is.

        >>> from scienceops.core.messages import FollowRun
        >>> nudges = Nudges(chains=2, items={"run 3": Nudge(chain=2, at="")})
        >>> nudges.follow(FollowRun(run=3)).chain
        2
        >>> nudges.follow(FollowRun(run=3, chain=1))
        """
        chain = self.items[message.names].chain if message.names in self.items else 0
        if message.chain is None:
            return message.model_copy(update={"chain": chain})
        return message if message.chain >= chain else None
