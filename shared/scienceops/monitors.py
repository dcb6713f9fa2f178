"""Monitors: what DataMonitor and ModelMonitor show of a service; a part of App."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from scienceops.ports import Ports
from scienceops.usecases import data_monitor, model_monitor, watch_data


class Monitors:
    """Reads the statistics that are visible, as tuples or as the pages show them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def statistics(
        self,
        name: str,
        *,
        versions: Sequence[int] | None = None,
        features: Sequence[str] | None = None,
        statistics: Sequence[str] | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> list[dict[str, Any]]:
        """Visible statistics tuples as dicts; None means all, bounds inclusive."""
        return watch_data.read_statistics(
            name,
            self._ports,
            versions=versions,
            features=features,
            statistics=statistics,
            since=since,
            until=until,
        )

    def data(
        self,
        name: str,
        *,
        wanted: str = "",
        everything: bool = False,
        since: date | None = None,
        until: date | None = None,
        version: int | None = None,
    ) -> dict[str, Any]:
        """Features of a version ranked by drift; by default those that ask for a look."""
        return data_monitor.data_monitor(
            name,
            self._ports,
            wanted=wanted,
            everything=everything,
            since=since,
            until=until,
            version=version,
        )

    def feature(self, name: str, feature: str, version: int | None = None) -> dict[str, Any]:
        """Every statistic of one feature of a version over time, with training's values."""
        return data_monitor.feature_monitor(name, feature, self._ports, version)

    def model(
        self,
        name: str,
        *,
        version: int | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> dict[str, Any]:
        """Predictions, traffic and latency of versions over time; by default the newest of it."""
        return model_monitor.model_monitor(
            name, self._ports, version=version, since=since, until=until
        )

    def days(self, name: str) -> list[dict[str, Any]]:
        """Which days show statistics, of which version, from which run."""
        return watch_data.published_days(name, self._ports)
