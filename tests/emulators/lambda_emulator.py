"""AWS's own Lambda emulator in front of one door of the bundle that fails at a chosen call: real
time-outs, crashes and restarts, without a container."""

import json
import os
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulators.account import Account
from emulators.child import ROOT, Emulator
from emulators.faulty import WARM_UP
from ports import free_ports

PROGRAM = ROOT / ".emulators/aws-lambda-rie"
INVOKE = "/2015-03-31/functions/function/invocations"
#: Above what a start takes on a busy machine; where a test waits for the end, what a call takes.
PATIENT_SECONDS, HASTY_SECONDS = 60, 4


@dataclass(frozen=True)
class Fault:
    """What befalls a door, once: `how` (crash, hang), `when` (before, after) which call."""

    how: str
    when: str
    operation: str
    number: int = 1


class LambdaEmulator(Emulator):
    """One door as a function. task: the bundle as Lambda lays it out, with its runtime client;
    seconds: the time-out of an invocation.

    The runtime starts at the first event, and again after each death; the time-out counts that in.
    """

    def __init__(
        self,
        door: str,
        fault: Fault,
        seconds: int,
        *,
        task: Path,
        account: Account,
        folder: Path,
    ) -> None:
        port, runtime = free_ports(2)
        self.mark = folder / "failed"
        own = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        environment = {
            **own,
            "AWS_LAMBDA_FUNCTION_NAME": door,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(seconds),
            "PYTHONPATH": str(task),
            "PYTHONDONTWRITEBYTECODE": "1",
            "POWERTOOLS_TRACE_DISABLED": "true",
            "SCIENCEOPS_CLOUD": "aws",
            "SCIENCEOPS_AWS_BUCKET": account.bucket,
            "SCIENCEOPS_AWS_PREFIX": account.prefix,
            "STRIP_STAGE_PATH": "yes",
            "FAULT_HOW": fault.how,
            "FAULT_WHEN": fault.when,
            "FAULT_OPERATION": fault.operation,
            "FAULT_NUMBER": str(fault.number),
            "FAULT_MARK": str(self.mark),
        }
        command = [
            *(str(PROGRAM), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime}"),
            # Of what is installed here, and of where this was started, it can import nothing.
            *(sys.executable, "-S", "-P", "-m", "faulty", f"functions.aws.{door}.handler"),
        ]
        super().__init__(command, environment, f"http://127.0.0.1:{port}", folder / "lambda.log")
        self.wait("/")

    def warm_up(self) -> bool:
        """Whether the runtime and the door's module start within the time-out."""
        return self.invoke(WARM_UP) == '"warm"'

    def invoke(self, event: dict[str, Any]) -> str:
        """What the emulator answers, in its own words where the function died."""
        request = urllib.request.Request(self.url + INVOKE, json.dumps(event).encode())
        try:
            with urllib.request.urlopen(request, timeout=2 * PATIENT_SECONDS) as reply:
                told: bytes = reply.read()
        except urllib.error.HTTPError as error:
            told = error.read()
        return told.decode()
