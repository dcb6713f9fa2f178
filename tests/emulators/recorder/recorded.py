"""Runs inside an emulated function: notes each AWS call on a file, then runs AWS's runtime client.

Packed into the emulator's bundle alone; `bootstrap` starts it. The file is named by RECORDED_CALLS.
"""

import json
import os
import sys
from typing import Any


def record_calls(path: str) -> None:
    """Write every call that botocore makes from now on as one line of JSON."""
    from botocore.client import BaseClient

    make = BaseClient._make_api_call

    def note(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        line = {
            "function": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
            "service": client.meta.service_model.signing_name,
            "operation": operation,
            "parameters": parameters,
        }
        with open(path, "a") as out:  # noqa: PTH123  # One write, appended whole.
            out.write(json.dumps(line, default=str) + "\n")
        return make(client, operation, parameters)

    BaseClient._make_api_call = note


if __name__ == "__main__":
    if os.environ.get("RECORDED_CALLS"):
        record_calls(os.environ["RECORDED_CALLS"])
    from awslambdaric.__main__ import main

    main([sys.argv[0], sys.argv[1]])
