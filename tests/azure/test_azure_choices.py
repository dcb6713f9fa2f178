"""What a stage was deployed with stays, unless a later deployment chooses otherwise."""

import json

import pytest
from bicep.files import BICEP
from emulators.az_cli import ANSWERS, ME

from infra.azure import deploy
from infra.azure.az import Az
from infra.azure.choices import Administrator, Choices, describe
from infra.azure.options import read
from infra.azure.sql_rules import PREFIX, delete_taken_back
from infra.azure.stages import fixed_in

TEAM = Administrator("99999999-2222-3333-4444-555555555555", "Data science", "Group")
HAD = Choices("northeurope", ("192.0.2.7", "192.0.2.8"), "ops@example.org", TEAM)
LAST = {
    "allowedAddresses": {"type": "Array", "value": ["192.0.2.7", "192.0.2.8"]},
    "alertEmail": {"type": "String", "value": "ops@example.org"},
    "administratorId": {"type": "String", "value": TEAM.id},
    "administratorName": {"type": "String", "value": TEAM.name},
    "administratorKind": {"type": "String", "value": TEAM.kind},
}


@pytest.fixture
def there(cli, programs):
    """A stage that was deployed once, with all that one can choose."""
    answers = {"group list": ["northeurope"], "deployment group list": LAST}
    cli.answers({**ANSWERS, **answers})
    return cli


def made(cli):
    """The words and the environment of the last deployment."""
    return [call for call in cli.calls if call[0][:3] == ["deployment", "group", "create"]][-1]


def addresses(cli):
    (told,) = [word for word in made(cli)[0] if word.startswith("allowedAddresses=")]
    return json.loads(told.partition("=")[2])


def test_a_second_deployment_without_options_keeps_what_the_stage_has(there, monkeypatch):
    for name in ("ADMINISTRATOR_ID", "ADMINISTRATOR_NAME", "ADMINISTRATOR_KIND", "ALERT_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    deploy.main(["dev"])
    assert addresses(there) == ["192.0.2.7", "192.0.2.8"]
    seen = made(there)[1]
    assert seen["ALERT_EMAIL"] == "ops@example.org"
    assert (seen["ADMINISTRATOR_ID"], seen["ADMINISTRATOR_NAME"]) == (TEAM.id, TEAM.name)
    assert seen["ADMINISTRATOR_KIND"] == "Group"
    assert not there.asked("group create")
    assert not there.asked("ad ")


def test_what_is_kept_is_said(there, capsys):
    deploy.deploy("dev", Choices(), Az())
    told = capsys.readouterr().out
    assert "location stays northeurope\n" in told
    assert "addresses stays 192.0.2.7, 192.0.2.8\n" in told
    assert "email stays ops@example.org\n" in told
    assert f"administrator stays Data science (Group {TEAM.id})\n" in told


def test_what_is_chosen_again_replaces_what_the_stage_had(there, monkeypatch, capsys):
    monkeypatch.setenv("ALERT_EMAIL", "new@example.org")
    monkeypatch.setenv("ADMINISTRATOR_ID", ME["id"])
    monkeypatch.setenv("ADMINISTRATOR_NAME", ME["userPrincipalName"])
    deploy.main(["dev", "--address", "198.51.100.1"])
    assert addresses(there) == ["198.51.100.1"]
    seen = made(there)[1]
    assert seen["ALERT_EMAIL"] == "new@example.org"
    assert (seen["ADMINISTRATOR_ID"], seen["ADMINISTRATOR_KIND"]) == (ME["id"], "User")
    told = capsys.readouterr().out
    assert "addresses becomes 198.51.100.1, and was 192.0.2.7, 192.0.2.8\n" in told


def test_none_takes_addresses_and_mail_away(there, monkeypatch):
    monkeypatch.setenv("ALERT_EMAIL", "none")
    deploy.main(["dev", "--address", "none"])
    assert addresses(there) == []
    assert made(there)[1]["ALERT_EMAIL"] == ""


@pytest.mark.parametrize(
    ("left", "gone"), [(2, []), (1, ["person-1"]), (0, ["person-0", "person-1"])]
)
def test_an_address_that_is_taken_back_is_taken_out_of_sql_s_firewall(there, left, gone):
    after = {**LAST, "allowedAddresses": {"type": "Array", "value": ["192.0.2.7"] * left}}
    rules = {"sql server firewall-rule list": ["person-0", "person-1"]}
    there.answers(
        {**ANSWERS, "group list": ["northeurope"], "deployment group list": after, **rules}
    )
    deploy.deploy("dev", Choices(), Az())
    told = there.asked("sql server firewall-rule delete")
    assert [call.split("--name ")[1] for call in told] == gone
    assert all("--resource-group scienceops-dev --server the-sqlServer " in call for call in told)


def test_a_server_is_named_without_its_domain(cli):
    delete_taken_back(Az(), "scienceops-dev", "x.database.windows.net", 1)
    assert "--server x --query" in cli.asked("sql server firewall-rule list")[0]


def test_rules_are_named_as_the_template_names_them():
    told = (BICEP / "modules" / "sql.bicep").read_text()
    assert f"name: '{PREFIX}${{index}}'" in told


def test_a_new_stage_has_no_rules_to_take_back(cli, programs):
    deploy.deploy("dev", Choices(), Az())
    assert not cli.asked("sql")


def test_a_stage_that_is_there_is_not_moved(there):
    with pytest.raises(SystemExit, match="westeurope: scienceops-dev is in northeurope"):
        deploy.deploy("dev", Choices("westeurope"), Az())
    assert not there.asked("deployment group create")


def test_the_region_of_a_stage_may_be_named_again(there):
    deploy.deploy("dev", Choices("northeurope"), Az())
    assert made(there)


def test_a_group_without_a_deployment_is_deployed_as_a_new_stage_where_it_is(cli, programs):
    cli.answers({**ANSWERS, "group list": ["northeurope"]})
    deploy.deploy("dev", Choices(), Az())
    assert addresses(cli) == []
    assert made(cli)[1]["ADMINISTRATOR_ID"] == ME["id"]
    assert not cli.asked("group create")


def test_what_the_stage_s_file_sets_is_left_to_it(there, monkeypatch, tmp_path, capsys):
    file = tmp_path / "dev.bicepparam"
    file.write_text("param stage = 'dev'\nparam allowedAddresses = [\n  '203.0.113.1'\n]\n")
    monkeypatch.setattr(deploy, "parameters_of", lambda _: file)
    deploy.deploy("dev", Choices(), Az())
    assert not [word for word in made(there)[0] if word.startswith("allowedAddresses=")]
    assert "addresses" not in capsys.readouterr().out


def test_a_choice_that_the_stage_s_file_makes_is_refused_before_anything_is_called(
    there, monkeypatch, tmp_path
):
    file = tmp_path / "dev.bicepparam"
    file.write_text(
        "param stage = 'dev'\nparam alertEmail = 'a@example.org'\nparam administratorId = ''\n"
    )
    monkeypatch.setattr(deploy, "parameters_of", lambda _: file)
    with pytest.raises(SystemExit) as refused:
        deploy.deploy("dev", Choices(email="b@example.org", administrator=TEAM), Az())
    mail, team = str(refused.value).splitlines()
    assert mail.startswith(
        f"email b@example.org: {file} sets alertEmail itself. Leave the choice to it"
    )
    assert mail.endswith("let it read `readEnvironmentVariable('ALERT_EMAIL')`")
    assert team.startswith(
        f"administrator Data science (Group {TEAM.id}): {file} sets administratorId"
    )
    assert not there.calls


def test_addresses_go_before_the_stage_s_file():
    fixed = fixed_in("param allowedAddresses = []\n")
    told = describe(Choices(addresses=("198.51.100.1",)), HAD, fixed)
    assert "addresses becomes 198.51.100.1, and was 192.0.2.7, 192.0.2.8" in told


def test_an_option_that_is_left_out_is_no_choice():
    assert read(["dev"], {"ALERT_EMAIL": "", "ADMINISTRATOR_ID": ""}).given == Choices()
