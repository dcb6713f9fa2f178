"""A stand-in for CloudWatch Logs: what the other stand-ins wrote, read by stream."""

import threading
from typing import Any

from emulators.stand_in_error import ApiError

#: So many events a page, few enough that a longer log takes several.
PAGE = 25


class StandInLogs:
    def __init__(self) -> None:
        self._streams: dict[tuple[str, str], list[str]] = {}
        self._lock = threading.Lock()

    def append(self, group: str, stream: str, line: str) -> None:
        with self._lock:
            self._streams.setdefault((group, stream), []).append(line)

    def handle(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        if operation != "GetLogEvents":
            raise ApiError("UnknownOperationException", operation)
        place = given["logGroupName"], given["logStreamName"]
        with self._lock:
            if place not in self._streams:
                raise ApiError("ResourceNotFoundException", "The specified log stream is missing.")
            lines = self._streams[place]
            # Each line is one millisecond after the one before.
            first = int(given.get("startTime", 0))
            if "nextToken" in given:
                first = int(given["nextToken"].partition("/")[2])
            elif not given.get("startFromHead"):
                first = max(first, len(lines) - given.get("limit", PAGE))
            page = lines[first : first + given.get("limit", PAGE)]
        events = [
            {"timestamp": number, "message": line, "ingestionTime": number}
            for number, line in enumerate(page, first)
        ]
        return {
            "events": events,
            "nextForwardToken": f"f/{first + len(page)}",
            "nextBackwardToken": f"b/{first}",
        }
