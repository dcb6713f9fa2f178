"""Log streams: what CloudWatch Logs keeps of builds, scorers and jobs, read as text."""

from typing import Any

from botocore.exceptions import ClientError

from scienceops.adapters.aws.clients import error_code

NOT_FOUND = "ResourceNotFoundException"
#: One call gives at most 1 MB; who needs more of a log finds it in CloudWatch.
MOST_CALLS = 20
#: Stands for what is between the beginning and the end of a longer one.
LEFT_OUT = "[the middle of this log is in CloudWatch Logs alone]"


def read_stream(logs: Any, group: str, stream: str) -> str:
    """A stream, a line for each event; empty when it is not there (yet).

    Of one that takes over MOST_CALLS its beginning, LEFT_OUT, and what one call gives of its end.
    """
    events: list[dict[str, Any]] = []
    asked: dict[str, str] = {}
    for _ in range(MOST_CALLS):
        page = _page(logs, group, stream, startFromHead=True, **asked)
        if page is None:
            return ""
        events += page["events"]
        # At the end of a stream the token that was sent comes back.
        if asked.get("nextToken") == page["nextForwardToken"]:
            return _text(events)
        asked = {"nextToken": page["nextForwardToken"]}
    after = max((event["timestamp"] for event in events), default=0) + 1
    page = _page(logs, group, stream, startFromHead=False, startTime=after)
    if page is None or not page["events"]:
        return _text(events)
    return f"{_text(events)}{LEFT_OUT}\n{_text(page['events'])}"


def read_end(logs: Any, group: str, stream: str, most: int) -> str:
    """The last events of a stream, at most so many, by one call."""
    page = _page(logs, group, stream, startFromHead=False, limit=most)
    return "" if page is None else _text(page["events"])


def _page(logs: Any, group: str, stream: str, **asked: Any) -> dict[str, Any] | None:
    try:
        page: dict[str, Any] = logs.get_log_events(
            logGroupName=group, logStreamName=stream, **asked
        )
    except ClientError as error:
        if error_code(error) == NOT_FOUND:
            return None
        raise
    return page


def _text(events: list[dict[str, Any]]) -> str:
    lines = (event["message"].rstrip("\n") for event in events)
    return "".join(f"{line}\n" for line in lines)
