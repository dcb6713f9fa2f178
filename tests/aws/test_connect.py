"""connect gives an adapter for each port, and makes no client before it is used."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields

import pytest
from botocore.exceptions import ReadTimeoutError
from contract.waiting import PATIENCE
from emulators.aws import point_sdk_at

from scienceops.adapters import aws
from scienceops.config import load_settings
from scienceops.errors import BadSetting, ServiceNotReady
from scienceops.ports import Ports

#: One call of each port whose store may hang.
CALLS: dict[str, Callable[[Ports], object]] = {
    "bucket": lambda ports: ports.objects.get("a"),
    "queue": lambda ports: ports.queue.depth("work"),
    "registry": lambda ports: ports.registry.get("iris", "service"),
    "statistics": lambda ports: ports.statistics.days("iris"),
    "secrets": lambda ports: ports.secrets.get("owner-token"),
    "builder": lambda ports: ports.builder.status("environment:build:1"),
    "runtime": lambda ports: ports.runtime.status("iris", 1),
    "jobs": lambda ports: ports.jobs.status("run-1"),
}
SETTINGS = {"SCIENCEOPS_CLOUD": "aws", "SCIENCEOPS_AWS_BUCKET": "models"}

LOOK = """
import sys
from scienceops.bootstrap import connect
from scienceops.config import load_settings
connect(load_settings({settings!r}))
print([name for name in {heavy!r} if name in sys.modules])
"""


def test_every_port_has_its_adapter() -> None:
    ports = aws.connect(load_settings(SETTINGS))
    places = {type(getattr(ports, field.name)).__module__ for field in fields(ports)}
    assert len(places) == 8
    assert all(place.startswith("scienceops.adapters.aws.") for place in places)


def test_connecting_makes_no_client_and_imports_nothing_heavy() -> None:
    heavy = ("boto3", "pyarrow", "pandas", "numpy", "sklearn", "sqlalchemy", "flask")
    code = LOOK.format(settings=SETTINGS, heavy=heavy)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.stdout.decode().strip() == "[]", done.stderr.decode()


def test_a_missing_bucket_is_named() -> None:
    with pytest.raises(BadSetting, match="SCIENCEOPS_AWS_BUCKET"):
        aws.connect(load_settings({"SCIENCEOPS_CLOUD": "aws"}))


def test_a_scorer_on_lambda_is_waited_for_as_long_as_a_call_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as never_answers:
        point_sdk_at(f"http://127.0.0.1:{never_answers.getsockname()[1]}", monkeypatch)
        ports = aws.connect(load_settings({**SETTINGS, "SCIENCEOPS_REPLY_SECONDS": "0.2"}))
        with pytest.raises(ServiceNotReady, match="did not answer in time"):
            ports.runtime.call("lambda:iris", "POST", "/score", headers={}, body=b"{}")


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_store_that_hangs_is_an_error_within_the_time_that_a_call_has(
    call: Callable[[Ports], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as never_answers:
        point_sdk_at(f"http://127.0.0.1:{never_answers.getsockname()[1]}", monkeypatch)
        ports = aws.connect(load_settings({**SETTINGS, "SCIENCEOPS_AWS_CALL_SECONDS": "0.5"}))
        began = time.monotonic()
        with pytest.raises(ReadTimeoutError):
            call(ports)
        # What is not waiting is making the client, on a machine that may be busy. By itself the
        # SDK would wait for a minute, five times.
        assert time.monotonic() - began < PATIENCE * 10
