"""Notes the AWS calls of a process on a file: of doors in an emulator, of what stand-ins run.

RECORDED_CALLS names the file. RECORDED_AS is the role that the process would have; a door has that
of its function's name. As a program it runs AWS's runtime client; so the emulator's bundle has it.
"""

import base64
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def note_call(path: str, caller: str, service: str, operation: str, parameters: Any) -> None:
    """Write one call as one line of JSON."""
    line = {
        "caller": caller,
        "service": service,
        "operation": operation,
        "parameters": parameters,
    }
    with open(path, "a") as out:  # noqa: PTH123  # One write, appended whole.
        out.write(json.dumps(line, default=str) + "\n")


def record_calls(path: str) -> None:
    """Note every call that botocore makes in this process from now on."""
    from botocore.client import BaseClient

    make = BaseClient._make_api_call
    caller = os.environ.get("RECORDED_AS") or os.environ["AWS_LAMBDA_FUNCTION_NAME"]

    def note(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        note_call(path, caller, client.meta.service_model.signing_name, operation, parameters)
        answer = make(client, operation, parameters)
        if operation == "GetAuthorizationToken":
            sign(answer["authorizationData"], caller)
        return answer

    BaseClient._make_api_call = note


def sign(logins: list[dict[str, Any]], caller: str) -> None:
    """Let the registry hear who it is that calls by a login; botocore does not see those calls."""
    for login in logins:
        told = base64.b64decode(login["authorizationToken"]).decode()
        login["authorizationToken"] = base64.b64encode(f"{told}.{caller}".encode()).decode()


def recorded_as(role: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process whose calls are noted as those of a role, by its name or ARN;
    the same environment where calls are not recorded."""
    if "RECORDED_CALLS" not in environment:
        return dict(environment)
    # Python imports sitecustomize from here before anything else.
    here = str(Path(__file__).parent)
    paths = [here, *filter(None, [environment.get("PYTHONPATH")])]
    name = role.rpartition("/")[2]
    return {**environment, "RECORDED_AS": name, "PYTHONPATH": os.pathsep.join(paths)}


if __name__ == "__main__":
    if os.environ.get("RECORDED_CALLS"):
        record_calls(os.environ["RECORDED_CALLS"])
    from awslambdaric.__main__ import main

    main([sys.argv[0], sys.argv[1]])
