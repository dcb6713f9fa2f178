"""Runs inside the Lambda emulator: dies or hangs once at one AWS call, else AWS's runtime client.

`python -m faulty MODULE.handler`; the FAULT_... variables say which call and what then. Packed into
the emulators' bundle alone.
"""

import importlib
import os
import sys
import time
from pathlib import Path
from typing import Any

#: The event that starts the runtime and the door's module, and asks nothing of the door.
WARM_UP = {"faulty": "warm up"}

#: Longer than any time-out that a test gives an invocation.
HANG_SECONDS = 600


def handler(event: Any, context: Any) -> Any:
    """What the runtime calls: the door named on the command line, behind the warming event."""
    module, name = sys.argv[1].rsplit(".", 1)
    door = getattr(importlib.import_module(module), name)
    return "warm" if event == WARM_UP else door(event, context)


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

    main([sys.argv[0], "faulty.handler"])
