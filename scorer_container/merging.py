"""Merging: calls that come while the model computes are answered together, by one predict."""

import threading
import time
from collections import deque
from collections.abc import Sequence, Sized
from itertools import accumulate, chain
from typing import Any

from scienceops.core.table import FEW_ROWS, ROWS_TOGETHER, Table
from scienceops.running import Runner, Scored

#: A call of more rows is answered by itself: there is little left to save.
MOST_ROWS_OF_ONE = FEW_ROWS
#: Of one look.
LET_COME_SECONDS = 0.0002


class _Call:
    """A call that waits: for its answer, or for its turn to compute."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.woken = threading.Event()
        self.is_next = False
        self.outcome: Scored | Exception | None = None

    def result(self) -> Scored:
        if isinstance(self.outcome, Scored):
            return self.outcome
        raise self.outcome or RuntimeError("a call was woken without an answer")


class MergingRunner(Runner):
    """Wraps a runner whose rows are answered alike alone and among others.

    A call that is the only one is answered at once. One that comes while another is computed waits
    for that, and is then answered with all others that came. An error is told to the call that
    causes it, for then each is asked alone.

    open_calls: has one item for each call that is anywhere between its body and its answer.
    """

    def __init__(self, runner: Runner, open_calls: Sized = ()) -> None:
        super().__init__(runner.schema)
        self._runner = runner
        self._open_calls = open_calls
        self._lock = threading.Lock()
        self._computes = False
        self._waiting: deque[_Call] = deque()

    def predict_table(self, table: Table) -> Scored:
        """Score the rows of a table; raises ModelFailed."""
        if table.count > MOST_ROWS_OF_ONE:
            return self._runner.predict_table(table)
        call = _Call(table)
        with self._lock:
            waits = self._computes
            if waits:
                self._waiting.append(call)
            self._computes = True
        if waits:
            call.woken.wait()
            if not call.is_next:
                return call.result()
        self._let_come()
        # It is this call's turn, with those that came meanwhile.
        calls = [call, *self._take(ROWS_TOGETHER - table.count)]
        try:
            self._answer(calls)
        finally:
            self._hand_over()
            for other in calls[1:]:
                other.woken.set()
        return call.result()

    def _let_come(self) -> None:
        """Let calls that are being read or answered go on, as long as each look finds more here.

        A model in pure Python lets no other thread run while it computes, so that none would come.
        """
        seen = -1
        while seen < len(self._waiting) < len(self._open_calls) - 1:
            seen = len(self._waiting)
            time.sleep(LET_COME_SECONDS)

    def _take(self, most: int) -> list[_Call]:
        taken = []
        with self._lock:
            while self._waiting and self._waiting[0].table.count <= most:
                taken.append(self._waiting.popleft())
                most -= taken[-1].table.count
        return taken

    def _hand_over(self) -> None:
        with self._lock:
            following = self._waiting.popleft() if self._waiting else None
            self._computes = following is not None
        if following is not None:
            following.is_next = True
            following.woken.set()

    def _answer(self, calls: Sequence[_Call]) -> None:
        outcomes = predict_together(self._runner, [call.table for call in calls])
        for call, outcome in zip(calls, outcomes, strict=True):
            call.outcome = outcome


def predict_all(runner: Runner, tables: Sequence[Table]) -> list[Scored | Exception]:
    """What a runner says of tables that came at once, by as few predicts as their rows allow."""
    outcomes: list[Scored | Exception] = []
    group: list[Table] = []
    room = ROWS_TOGETHER
    for table in tables:
        size = table.count if table.count <= MOST_ROWS_OF_ONE else ROWS_TOGETHER
        if size > room:
            outcomes += predict_together(runner, group)
            group, room = [], ROWS_TOGETHER
        group.append(table)
        room -= size
    return outcomes + predict_together(runner, group)


def predict_together(runner: Runner, tables: Sequence[Table]) -> list[Scored | Exception]:
    """What a runner says of each table, by one predict; an error is that of its own table."""
    if len(tables) > 1:
        try:
            scored = runner.predict_table(_joined(tables))
        except Exception:  # noqa: BLE001, S110  # One is to blame; each is asked alone below.
            pass
        else:
            ends = list(accumulate(table.count for table in tables))
            return list(map(scored.part, [0, *ends], ends))
    return predict_each(runner, tables)


def predict_each(runner: Runner, tables: Sequence[Table]) -> list[Scored | Exception]:
    """The same, by a predict for each."""
    outcomes: list[Scored | Exception] = []
    for table in tables:
        try:
            outcomes.append(runner.predict_table(table))
        except Exception as error:  # noqa: BLE001  # It is told to whoever sent these rows.
            outcomes.append(error)
    return outcomes


def _joined(tables: Sequence[Table]) -> Table:
    columns: list[list[Any]] = [
        list(chain.from_iterable(parts))
        for parts in zip(*(table.columns for table in tables), strict=True)
    ]
    return Table(columns, sum(table.count for table in tables))
