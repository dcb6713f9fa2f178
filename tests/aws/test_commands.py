"""`make deploy-aws` and `make destroy-aws` as commands: their words, their order, their refusals.

osls is a stand-in that writes down its words; taking a real stage down is in test_loop.py.
"""

import os
import subprocess
from pathlib import Path

import pytest
from emulators.account import Account
from emulators.child import ROOT

from infra import destroy_aws, job_files
from scienceops.adapters.aws.secret_store import SecretsManagerStore

STAND_IN = """#!/bin/sh
echo "{name} $*" >> "{log}"
exit {code}
"""


class Programs:
    """Stand-ins for osls and for the Python of make, which write down how they are called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "words"
        self._log.touch()
        for name in ("osls", "python"):
            self.make(name)

    def make(self, name: str, code: int = 0) -> None:
        path = self.folder / name
        path.write_text(STAND_IN.format(name=name, log=self._log, code=code))
        path.chmod(0o755)

    def run(self, *words: str) -> int:
        """make with these words; what is set up already is not set up again."""
        given = [f"BIN={self.folder}", f"OSLS={self.folder / 'osls'}"]
        done = ["-o", ".venv/ready", "-o", ".emulators/ready"]
        return subprocess.run(
            ["make", *done, *words, *given],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        ).returncode

    def words(self) -> list[str]:
        return self._log.read_text().splitlines()


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


def test_deploy_stages_the_bundle_then_the_stack_then_what_jobs_run_from(programs: Programs):
    options = "--param=warm=yes --region=eu-central-1"
    assert programs.run("deploy-aws", "STAGE=prod", f"OPTIONS={options}") == 0
    assert programs.words() == [
        f"python infra/aws_stage.py prod {options}",
        "python infra/stage.py aws",
        f"osls deploy --stage prod {options}",
        f"python infra/job_files.py prod {options}",
    ]


def test_a_stage_that_is_refused_ends_the_command_before_anything_is_made(programs: Programs):
    programs.make("python", code=2)
    assert programs.run("deploy-aws", "STAGE=Dev") != 0
    assert [line.strip() for line in programs.words()] == ["python infra/aws_stage.py Dev"]


def test_the_python_of_jobs_is_nothing_that_osls_is_told(programs: Programs):
    assert programs.run("deploy-aws", "OPTIONS=--python=/opt/python --verbose") == 0
    assert programs.words()[2:] == [
        "osls deploy --stage dev --verbose",
        "python infra/job_files.py dev --python=/opt/python --verbose",
    ]


def test_a_stack_that_does_not_deploy_ends_the_command_before_anything_is_uploaded(
    programs: Programs,
):
    programs.make("osls", code=1)
    assert programs.run("deploy-aws") != 0
    assert programs.words()[-1].strip() == "osls deploy --stage dev"


def test_promises_are_tried_in_an_account_that_is_there_alone(programs: Programs):
    programs.make("pytest")
    live = ("contract", "LIVE_CLOUD=1")
    assert programs.run("contract", "AWS_DEFAULT_REGION=eu-west-1") != 0
    assert programs.run(*live) != 0
    assert programs.words() == []
    programs.make("python", code=1)
    assert programs.run(*live, "AWS_DEFAULT_REGION=eu-west-1") != 0
    looked = "python infra/aws_stage.py contract --region=eu-west-1"
    assert programs.words() == [looked]
    programs.make("python")
    assert programs.run(*live, "AWS_DEFAULT_REGION=eu-west-1") == 0
    assert programs.words()[1] == looked
    assert programs.words()[2].startswith("pytest --force-enable-socket")


def test_destroy_is_told_stage_program_and_options(programs: Programs):
    assert programs.run("destroy-aws", "STAGE=prod", "OPTIONS=--region=eu-central-1") == 0
    osls = programs.folder / "osls"
    assert programs.words() == [
        f"python infra/destroy_aws.py prod {osls} --region=eu-central-1",
    ]


@pytest.mark.usefixtures("aws_environment")
def test_a_stage_that_is_not_there_is_refused_by_name_and_osls_not_asked(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
):
    # The command says to all that it starts where it works; the next test shall not hear it.
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with pytest.raises(SystemExit, match="no stack scienceops-nowhere here, in eu-west-3"):
        destroy_aws.main("nowhere", str(programs.folder / "osls"), ["--region", "eu-west-3"])
    assert programs.words() == []


def test_what_is_no_option_is_refused_before_anything_is_stopped(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    # Nothing may be asked of AWS before that.
    monkeypatch.setattr(destroy_aws, "account_of", None)
    assert destroy_aws.main("dev", str(programs.folder / "osls"), ["--nonsense"]) == 2
    assert "OPTIONS: '--nonsense' is none" in capsys.readouterr().err
    assert programs.words() == []


@pytest.mark.parametrize("target", ["deploy-aws", "destroy-aws"])
def test_a_stage_without_a_name_is_passed_on_as_such(programs: Programs, target: str):
    programs.make("python", 2)
    assert programs.run(target, "STAGE=") != 0
    [words] = programs.words()
    # Two blanks: an empty word is between them.
    assert words.startswith(("python infra/aws_stage.py ", "python infra/destroy_aws.py  "))


def test_a_stage_whose_first_deployment_failed_is_taken_down(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    # The command says to all that it starts where it works; the next test shall not hear it.
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(destroy_aws, "account_of", lambda _: "000000000000")
    # osls makes a stack with its own bucket first, so a rollback leads back to that.
    before = {"ServerlessDeploymentBucketName": "any"}
    monkeypatch.setattr(destroy_aws, "outputs_of", lambda _: before)
    options = ["--region=eu-west-3", "--conceal", "--verbose"]
    assert destroy_aws.main("dev", str(programs.folder / "osls"), options) == 0
    # What is an option of `osls deploy` alone would be refused, after all was stopped.
    assert programs.words() == ["osls remove --stage dev --region=eu-west-3 --verbose"]
    told = capsys.readouterr().out
    assert "scienceops-dev was never deployed whole" in told
    assert "s3://scienceops-dev-000000000000-eu-west-3 " in told


@pytest.mark.usefixtures("aws_environment")
def test_a_secret_that_is_deleted_as_we_say_can_be_made_again():
    [line] = [line for line in destroy_aws.KEPT.splitlines() if "delete-secret" in line]
    at_once = "--force-delete-without-recovery" in line.split()
    client = Account().client("secretsmanager")
    secrets = SecretsManagerStore(client, "scienceops-deleted-")
    secrets.put("owner-token", "old", if_absent=True)
    client.delete_secret(
        SecretId="scienceops-deleted-owner-token", ForceDeleteWithoutRecovery=at_once
    )
    assert secrets.put("owner-token", "new", if_absent=True) == "new"


@pytest.mark.usefixtures("aws_environment")
def test_job_files_go_into_the_bucket_that_the_template_names(tmp_path: Path, monkeypatch):
    archive = tmp_path / "environment.tar.gz"
    archive.write_bytes(b"an environment")
    packages = tmp_path / "emr.zip"
    packages.write_bytes(b"packages")
    homes: list[Path] = []

    def made(home: Path) -> Path:
        homes.append(home)
        return archive

    monkeypatch.setattr(job_files, "make_environment", made)
    monkeypatch.setattr(job_files, "stage", lambda name: packages)
    s3 = Account().client("s3")
    bucket = "scienceops-commands-000000000000-us-east-1"
    s3.create_bucket(Bucket=bucket)
    job_files.main("commands", ["--region=us-east-1", f"--python={tmp_path}", "--verbose"])
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    names = ("environment.tar.gz", "on_emr.py", "scienceops.zip")
    assert [one["Key"] for one in listed] == [job_files.PLACE + name for name in names]
    assert homes == [tmp_path]
