"""What a deployment is told is checked before anything is made: names, parameters, credentials."""

import pytest
import yaml
from emulators.child import ROOT

from infra import aws_stage, job_files
from scienceops.adapters.aws.clients import LazyClient
from scienceops.errors import BadSetting


@pytest.fixture
def no_account(tmp_path, monkeypatch):
    """A shell that knows neither credentials nor a region."""
    import boto3

    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "PROFILE", "REGION", "DEFAULT_REGION"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


def test_the_parameters_that_are_known_are_those_of_the_template():
    template = (ROOT / "infra/serverless.yml").read_text()
    assert set(aws_stage.PARAMETERS) == set(yaml.safe_load(template)["params"]["default"])


@pytest.mark.parametrize("stage", ["Dev", "my_stage", "1st", "dev-", "dev-eu", "a" * 25, ""])
def test_a_stage_of_which_no_names_can_be_made_is_refused(stage):
    [fault] = aws_stage.faults_of(stage, [])
    assert "small letters" in fault


@pytest.mark.parametrize("given", ["wram=yes", "warm=ja", "capture_days=0", "alarm_email=me"])
def test_a_parameter_that_is_unknown_or_of_a_wrong_form_is_named(given):
    for options in ([f"--param={given}"], ["--param", given]):
        [fault] = aws_stage.faults_of("dev", options)
        assert f"--param={given}:" in fault


@pytest.mark.parametrize(
    ("memory_mb", "taken"), [(511, False), (512, True), (3008, True), (10240, True), (10241, False)]
)
def test_as_much_memory_as_lambda_gives_is_taken(memory_mb: int, taken: bool):
    # Source: AWS, CreateFunction: MemorySize is at most 10,240 MB; Fargate's least is 512.
    options = [f"--param=container_memory_mb={memory_mb}"]
    assert (aws_stage.faults_of("dev", options) == []) is taken


def test_what_the_guide_names_is_taken():
    options = ["--param=warm=yes", "--param=alarm_email=you@example.org", "--region=eu-west-1"]
    assert aws_stage.faults_of("dev", options) == []


def test_the_region_is_that_of_the_options_then_of_the_shell_then_the_default(
    no_account, monkeypatch
):
    assert aws_stage.region_of([]) == "eu-central-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert aws_stage.region_of([]) == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    assert aws_stage.region_of([]) == "eu-west-2"
    assert aws_stage.region_of(["--region", "eu-west-3"]) == "eu-west-3"


def test_the_template_looks_for_the_region_in_the_same_places():
    template = yaml.safe_load((ROOT / "infra/serverless.yml").read_text())
    wanted = (
        f"${{opt:region, env:AWS_REGION, env:AWS_DEFAULT_REGION, '{aws_stage.DEFAULT_REGION}'}}"
    )
    assert template["provider"]["region"] == wanted


def test_without_credentials_it_is_said_how_to_sign_in(no_account):
    for command in (aws_stage.main, job_files.main):
        with pytest.raises(SystemExit, match="aws sts get-caller-identity"):
            command("dev", [])


def test_a_command_without_a_region_or_credentials_says_which_it_wants(no_account, monkeypatch):
    with pytest.raises(BadSetting, match="AWS_DEFAULT_REGION"):
        LazyClient("sqs").list_queues()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with pytest.raises(BadSetting, match="no AWS credentials"):
        LazyClient("sqs").list_queues()
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(BadSetting, match="nobody"):
        LazyClient("sqs").list_queues()


@pytest.mark.parametrize(
    "word", ["nonsense", "--verbos", "-r", "--stage=dev", "--aws-profile=me", "--python"]
)
def test_what_is_no_option_is_named_with_those_that_there_are(word):
    for options in ([word], ["--verbose", word], [word, "--region", "eu-west-1"]):
        [fault] = aws_stage.faults_of("dev", options)
        assert fault.startswith(f"OPTIONS: {word!r} is none")
        assert "--region" in fault


def test_the_options_that_there_are_are_taken_with_their_values(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").touch()
    options = ["--region", "eu-west-1", "--verbose", "--param", "warm=no", f"--python={tmp_path}"]
    assert aws_stage.faults_of("dev", options) == []


@pytest.mark.parametrize("options", [["--region"], ["--region="], ["--region", "--verbose"]])
def test_a_region_that_is_left_open_is_not_the_default(options):
    [fault] = aws_stage.faults_of("dev", options)
    assert "wanted a region" in fault


@pytest.mark.parametrize("given", ["alarm_email", "warm", "artifact="])
def test_a_parameter_without_a_value_is_refused(given):
    [fault] = aws_stage.faults_of("dev", [f"--param={given}"])
    assert f"wanted {given.strip('=')}=VALUE" in fault
    assert aws_stage.faults_of("dev", ["--param=alarm_email="]) == []


def test_a_folder_without_a_python_is_refused_before_anything_is_deployed(tmp_path):
    [fault] = aws_stage.faults_of("dev", [f"--python={tmp_path}"])
    assert fault.startswith(f"--python={tmp_path}: wanted the folder of a Python")


def test_a_time_that_logs_cannot_be_kept_for_is_refused():
    assert aws_stage.faults_of("dev", ["--param=log_days=30"]) == []
    [fault] = aws_stage.faults_of("dev", ["--param=log_days=31"])
    assert " 60," in fault


@pytest.mark.parametrize("region", ["mars-1", "eu_west_1"])
def test_what_can_be_no_region_is_told_so_and_not_that_one_has_to_sign_in(no_account, region):
    with pytest.raises(SystemExit, match=f"region '{region}'.*") as refused:
        aws_stage.main("dev", [f"--region={region}"])
    assert "--region among OPTIONS" in str(refused.value)
    assert "Sign in" not in str(refused.value)


def test_a_region_that_does_not_answer_is_named(no_account, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(SystemExit, match="is reached in region 'eu-central-9'"):
        aws_stage.main("dev", ["--region=eu-central-9"])


@pytest.mark.parametrize("region", ["", "us_east_1"])
def test_a_command_with_what_can_be_no_region_says_so(no_account, monkeypatch, region):
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    with pytest.raises(BadSetting, match="set AWS_DEFAULT_REGION to the stage's region"):
        LazyClient("sqs").list_queues()
