"""ministack: S3, SQS, DynamoDB, Secrets Manager, Lambda and the rest of AWS on one port."""

from pathlib import Path

from emulators.child import ROOT, Emulator
from ports import free_ports

PROGRAM = ROOT / ".emulators/venv/bin/ministack"
#: Beside the emulator's log: what the functions that it runs have called.
CALLS = "calls.jsonl"


def start_ministack(folder: Path, **more: str) -> Emulator:
    """An empty account at `url`; what it writes lies in `folder`. more: environment that its
    functions see too, such as AWS_ENDPOINT_URL_CODEBUILD for a stand-in of one service."""
    [port] = free_ports(1)
    (folder / "tmp").mkdir()
    environment = {
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "TMPDIR": str(folder / "tmp"),
        "S3_DATA_DIR": str(folder / "s3"),
        "LOG_LEVEL": "WARNING",
        # Its functions inherit these two.
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "RECORDED_CALLS": str(folder / CALLS),
        **more,
    }
    emulator = Emulator(
        [str(PROGRAM)], environment, f"http://127.0.0.1:{port}", folder / "ministack.log"
    )
    emulator.wait("/_ministack/health")
    return emulator
