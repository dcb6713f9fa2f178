"""Runs inside the Lambda emulator: dies or hangs once at one AWS call, else AWS's runtime client.

`python -m faulty MODULE.handler`; the FAULT_... variables say which call and what then. Packed into
the emulators' bundle alone.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

#: Longer than any time-out that a test gives an invocation.
HANG_SECONDS = 600


def arm() -> None:
    """Let the call number FAULT_NUMBER of operation FAULT_OPERATION fail this process, once.

    FAULT_WHEN is `before` or `after` the call is carried out, FAULT_HOW `crash` or `hang`;
    FAULT_MARK is a file that is made when it happens, and while it exists nothing happens.
    """
    from botocore.client import BaseClient

    operation, number = os.environ["FAULT_OPERATION"], int(os.environ["FAULT_NUMBER"])
    mark, make, seen = Path(os.environ["FAULT_MARK"]), BaseClient._make_api_call, [0]

    def call(client: Any, name: str, parameters: dict[str, Any]) -> Any:
        if name == "ReceiveMessage":
            # What a run had taken comes back after five minutes; a test does not wait for them.
            parameters["VisibilityTimeout"] = 1
        seen[0] += name == operation
        fatal = name == operation and seen[0] == number and not mark.exists()
        if fatal and os.environ["FAULT_WHEN"] == "before":
            fail(mark)
        reply = make(client, name, parameters)
        if fatal:
            fail(mark)
        return reply

    BaseClient._make_api_call = call


def fail(mark: Path) -> None:
    """Leave the mark, then end without a word or do nothing for longer than is allowed."""
    mark.touch()
    if os.environ["FAULT_HOW"] == "crash":
        os._exit(1)
    time.sleep(HANG_SECONDS)


if __name__ == "__main__":
    arm()
    from awslambdaric.__main__ import main

    main([sys.argv[0], sys.argv[1]])
