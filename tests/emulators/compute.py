"""Fixtures of computing on AWS: an account whose CodeBuild, ECS, EMR and Lambda are stand-ins."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from emulators.account import Account

if TYPE_CHECKING:
    from emulators.stand_in_aws import StandInAws


@pytest.fixture
def stand_ins(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator["StandInAws"]:
    """The stand-ins, known to every boto3 client that is made from now on; and a bucket."""
    from emulators.stand_in_aws import serve_stand_ins

    def own() -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}

    with serve_stand_ins(tmp_path / "stand-ins", own) as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        account.make_bucket()
        yield aws
