"""LazyStatisticsStore: the store is made when it is first used."""

import threading
from collections.abc import Callable
from typing import Any

from scienceops.ports.statistics_store import StatisticsStore


class LazyStatisticsStore:
    """A StatisticsStore that `make` makes at the first use.

    Loading what speaks SQL takes as long as all else that a command loads, and most commands and
    jobs ask for no statistics.
    """

    def __init__(self, make: Callable[[], StatisticsStore]) -> None:
        self._make = make
        self._making = threading.Lock()
        self._store: StatisticsStore | None = None

    def __getattr__(self, name: str) -> Any:
        with self._making:
            if self._store is None:
                self._store = self._make()
        return getattr(self._store, name)
