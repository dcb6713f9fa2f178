"""Decisions: what people decide about a service, each a method; the other half of App."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from scienceops.config import Settings
from scienceops.core.retraining import Flag, Retraining
from scienceops.core.versions import Promotion, Service, Version
from scienceops.ports import Ports
from scienceops.usecases import (
    describe_flags,
    describe_retrainings,
    flag_rows,
    promote,
    request_retraining,
)
from scienceops.usecases.change_policy import change_policy
from scienceops.usecases.records import Clock


class Decisions:
    """Flags, retraining, promotion, traffic and policy; `actor` names who, in the ledger."""

    def __init__(self, ports: Ports, settings: Settings, clock: Clock) -> None:
        self._ports = ports
        self._settings = settings
        self._clock = clock

    def flag(
        self,
        name: str,
        kind: Literal["wrong", "retrain"],
        actor: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        request_ids: Sequence[str] = (),
        comment: str = "",
    ) -> Flag:
        """Say of captured rows that they are wrong, or worth learning from."""
        return flag_rows.flag_rows(
            name,
            kind,
            actor,
            self._ports,
            self._clock,
            since=since,
            until=until,
            request_ids=request_ids,
            comment=comment,
        )

    def undo_flag(self, name: str, number: int, actor: str, comment: str = "") -> Flag:
        """Let a flag hold no more."""
        return flag_rows.undo_flag(name, number, actor, self._ports, self._clock, comment=comment)

    def flags(self, name: str) -> list[dict[str, Any]]:
        """Every flag of a service, oldest first, each with whether it holds and what wins."""
        return describe_flags.describe_flags(name, self._ports)

    def notes_on(self, name: str, flag: Flag) -> list[str]:
        """What whoever made this flag should know: what it covers, and which others win."""
        return describe_flags.notes_on(name, flag, self._ports, self._clock)

    def flagged_days(self, name: str) -> dict[str, list[dict[str, Any]]]:
        """day -> the flags that hold on rows of it."""
        return describe_flags.flagged_days(name, self._ports)

    def retrain(
        self, name: str, selection: Mapping[str, Any], actor: str, why: str = ""
    ) -> Retraining:
        """Make a candidate from the live version and captured rows."""
        return request_retraining.request_retraining(
            name, selection, actor, self._ports, self._clock, why=why
        )

    def start_proposed(self, name: str, number: int, actor: str) -> Retraining:
        """Carry out a proposal."""
        return request_retraining.start_proposed(name, number, actor, self._ports, self._clock)

    def end_retraining(self, name: str, number: int, actor: str, comment: str = "") -> Retraining:
        """Dismiss a proposal, or cancel a retraining under way."""
        return request_retraining.end_retraining(
            name, number, actor, comment, self._ports, self._clock
        )

    def retrainings(self, name: str) -> list[dict[str, Any]]:
        """Every retraining of a service, newest first, with what became of its candidate."""
        return describe_retrainings.describe_retrainings(name, self._ports)

    def retraining(self, name: str, number: int) -> dict[str, Any]:
        """One retraining, with the log of its job so far."""
        return describe_retrainings.describe_retraining(name, number, self._ports)

    def waiting(self, name: str) -> list[dict[str, Any]]:
        """Retrainings that a person is to decide about: proposals, and candidates not yet tried."""
        return describe_retrainings.waiting_for_people(name, self._ports)

    def approve(
        self, name: str, version: int, actor: str, comment: str, seen_live: int | None = None
    ) -> Promotion:
        """Let a proved version be live; seen_live: what was live when this was decided."""
        return promote.approve_version(
            name, version, actor, comment, self._ports, self._clock, seen_live=seen_live
        )

    def reject(self, name: str, version: int, actor: str, comment: str) -> Version:
        """Turn a version down for good."""
        return promote.reject_version(name, version, actor, comment, self._ports, self._clock)

    def roll_back(
        self, name: str, actor: str, comment: str = "", to: int | None = None
    ) -> Promotion:
        """Let the version before the live one be live again; to: which one it must be."""
        return promote.roll_back(name, actor, comment, self._ports, self._clock, to=to)

    def share_traffic(
        self,
        name: str,
        weights: Mapping[int, int],
        shadow: int | None,
        actor: str,
        seen: str | None = None,
    ) -> Service:
        """Divide calls between versions by weight, and let a shadow answer unheard.

        seen: how they were divided when this was decided, in words.
        """
        return promote.share_traffic(
            name,
            weights,
            shadow,
            actor,
            self._ports,
            self._clock,
            drain_seconds=self._settings.drain_seconds,
            seen=seen,
        )

    def change_policy(self, name: str, values: Mapping[str, str], actor: str) -> Mapping[str, Any]:
        """Set keys of the service's policy; all of them, or none when one is bad."""
        if "runtime" in values:
            self._settings.check_runtime(values["runtime"])
        policy = change_policy(name, values, actor, self._ports, self._clock)
        return policy.model_dump(mode="json")
