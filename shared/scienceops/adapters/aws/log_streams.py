"""Log streams: what CloudWatch Logs keeps of builds, scorers and jobs, read as text."""

from typing import Any

from botocore.exceptions import ClientError

from scienceops.adapters.aws.clients import error_code

NOT_FOUND = "ResourceNotFoundException"
#: One call gives at most 1 MB; who needs more of a log finds it in CloudWatch.
MOST_CALLS = 20


def read_stream(logs: Any, group: str, stream: str) -> str:
    """A stream from its start, a line for each event; empty when it is not there (yet)."""
    lines: list[str] = []
    asked: dict[str, str] = {}
    for _ in range(MOST_CALLS):
        try:
            page = logs.get_log_events(
                logGroupName=group, logStreamName=stream, startFromHead=True, **asked
            )
        except ClientError as error:
            if error_code(error) == NOT_FOUND:
                return ""
            raise
        lines += (event["message"].rstrip("\n") for event in page["events"])
        # At the end of a stream the token that was sent comes back.
        if asked.get("nextToken") == page["nextForwardToken"]:
            break
        asked = {"nextToken": page["nextForwardToken"]}
    return "".join(f"{line}\n" for line in lines)
