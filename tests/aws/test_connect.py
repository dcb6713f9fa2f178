"""connect gives an adapter for each port, and makes no client before it is used."""

import socket
import subprocess
import sys
from dataclasses import fields

import pytest
from emulators.aws import point_sdk_at

from scienceops.adapters import aws
from scienceops.config import load_settings
from scienceops.errors import BadSetting, ServiceNotReady

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
