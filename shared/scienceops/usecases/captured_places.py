"""Captured places: the partitions in which captures of given days may lie, and in which they do.

Each place is looked at by itself: of all that a service has captured, an object for each call,
most is older.
"""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from scienceops.core.names import Partition
from scienceops.ports import Ports
from scienceops.usecases.freeze_partitions import SIDE_BY_SIDE
from scienceops.usecases.freeze_run import partitions_under
from scienceops.usecases.records import read_versions

#: Versions and days that are looked at one by one, which takes a few seconds in a cloud.
MOST_PLACES = 1000


def places_of(name: str, days: Collection[date], ports: Ports) -> list[Partition]:
    """Where captures of a service of these days may lie.

    Of very many days those that have captures are found by listing everything.
    """
    numbers = [stored.value.number for stored in read_versions(ports.registry, name)]
    if len(numbers) * len(days) <= MOST_PLACES:
        return [Partition(name, number, day) for number in numbers for day in days]
    return [place for place in partitions_under(name, ports.objects) if place.date in days]


def captured_among(name: str, days: Collection[date], ports: Ports) -> set[date]:
    """Those of the days of which a service has captures."""
    places = places_of(name, days, ports)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        found = pool.map(lambda place: any(ports.objects.scan(place.prefix)), places)
        return {place.date for place, is_there in zip(places, found, strict=True) if is_there}


def captured_days(name: str, ports: Ports) -> str:
    """Of which days a service has captures, in words for whoever asked for other days."""
    days = {place.date for place in partitions_under(name, ports.objects)}
    if not days:
        return "it has none yet; rows are in the bucket some seconds after they were scored"
    return f"there are some from {min(days)} to {max(days)}"
