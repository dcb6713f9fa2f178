"""What a deployment on Azure is told is refused before anything is called, with what is wanted."""

import re

import pytest
from bicep.files import BICEP

from infra.azure import deploy, stages
from infra.azure.options import read

ID = "11111111-2222-3333-4444-555555555555"


def refused(*options, **environment):
    with pytest.raises(SystemExit) as told:
        read(["dev", *options], environment)
    return str(told.value)


@pytest.mark.parametrize(
    "address", ["203.0.113.0/24", "203.0.113", "2001:db8::1", "203.0.113.7,203.0.113.8", "me", ""]
)
def test_an_address_is_one_of_ipv4(address):
    told = refused("--address", address)
    assert f"--address {address}: wanted one IPv4 address, like 203.0.113.7" in told


@pytest.mark.parametrize("address", [".".join("0000"), "10.1.2.3", "192.168.1.4", "127.0.0.1"])
def test_an_address_is_one_that_the_internet_sees(address):
    told = refused("--address", address)
    assert f"--address {address}: wanted an address as the internet sees it" in told
    assert "Ask whoever runs yours" in told


def test_no_address_and_some_is_a_contradiction():
    told = refused("--address", "none", "--address", "203.0.113.7")
    assert "either none or addresses" in told


@pytest.mark.parametrize("location", ["West Europe", "WestEurope", "eu-central-1", ""])
def test_a_location_is_a_region_s_short_name(location):
    told = refused("--location", location)
    assert f"--location {location}: wanted a region's short name, like westeurope" in told
    assert "az account list-locations" in told


@pytest.mark.parametrize("group", ["Data science", f"{ID}=", f"{ID}= ", f"42={ID}", "=x", ""])
def test_a_group_is_an_id_and_a_name(group):
    told = refused("--group", group)
    assert f"--group {group}: wanted ID=NAME" in told
    assert "az ad group list" in told


@pytest.mark.parametrize("email", ["me", "me@", "me@example", "a@example.org,b@example.org"])
def test_alerts_are_mailed_to_one_address(email):
    told = refused(ALERT_EMAIL=email)
    assert f"ALERT_EMAIL={email}: wanted one address, like you@example.org" in told


@pytest.mark.parametrize(
    "given", [{"ID": ID}, {"NAME": "eva@example.org"}, {"ID": "42", "NAME": "eva@example.org"}]
)
def test_an_administrator_is_an_id_and_a_name(given):
    told = refused(**{f"ADMINISTRATOR_{part}": value for part, value in given.items()})
    assert "wanted both" in told
    assert "az ad signed-in-user show" in told


def test_an_administrator_is_a_user_or_a_group():
    told = refused(ADMINISTRATOR_ID=ID, ADMINISTRATOR_NAME="x", ADMINISTRATOR_KIND="Robot")
    assert "ADMINISTRATOR_KIND=Robot: wanted User or Group" in told


def test_all_faults_are_told_at_once():
    told = refused("--address", "x", "--location", "X", "--group", "x", ALERT_EMAIL="x")
    assert [line.split(":")[0] for line in told.splitlines()] == [
        "--location X", "--address x", "--group x", "ALERT_EMAIL=x",
    ]  # fmt: skip


def test_what_is_right_is_taken():
    told = read(
        ["dev", "--address", "203.0.113.7", "--location", "eastus2", "--group", f"{ID}=Data = x"],
        {"ALERT_EMAIL": "me+ops@mail.example.org"},
    )
    assert told.given.addresses == ("203.0.113.7",)
    assert told.given.location == "eastus2"
    assert told.given.administrator == (ID, "Data = x", "Group")
    assert told.given.email == "me+ops@mail.example.org"


@pytest.mark.parametrize(
    "arguments",
    [["dev", "--address", "x"], ["dev", "--group", "x"], ["dev", "--location", "X"], ["no-stage"]],
)
def test_nothing_is_called_for_what_is_refused(cli, programs, arguments):
    with pytest.raises(SystemExit):
        deploy.main(arguments)
    assert cli.calls == []
    assert programs == []


@pytest.mark.parametrize("stage", ["../main", "Dev", "x", "far-too-long", "1st"])
def test_a_stage_has_a_name_that_a_bucket_can_have(stage):
    with pytest.raises(SystemExit, match="wanted 2 to 8 small letters and digits"):
        stages.parameters_of(stage)


def test_a_stage_is_as_long_as_the_template_takes_it():
    told = (BICEP / "main.bicep").read_text().partition("param stage ")[0]
    least, most = (re.findall(rf"@{side}Length\((\d+)\)", told)[-1] for side in ("min", "max"))
    assert (least, most) == ("2", "8")
    assert stages.NAME.pattern == f"[a-z][a-z0-9]{{{int(least) - 1},{int(most) - 1}}}"


def test_a_file_that_was_copied_has_a_stage_of_its_own(monkeypatch, tmp_path):
    (tmp_path / "test.bicepparam").write_text((BICEP / "dev.bicepparam").read_text())
    monkeypatch.setattr(stages, "BICEP", tmp_path)
    with pytest.raises(SystemExit, match=r"has stage 'dev'.*param stage = 'test'"):
        stages.parameters_of("test")


def test_every_stage_of_the_repository_is_one():
    assert {stages.parameters_of(name).stem for name in ("dev", "prod")} == {"dev", "prod"}
