"""Deploying and destroying, with a stand-in for the Azure CLI that writes down its calls."""

import json
import stat
import sys

import pytest
from bicep.files import BICEP, all_files

from infra.azure import deploy, destroy, grant_sql, job_image
from infra.azure.az import Az

STAND_IN = f"""#!{sys.executable}
import json, os, sys
with open(os.environ["AZ_CALLS"], "a") as calls:
    calls.write(json.dumps([sys.argv[1:], os.environ.get("ADMINISTRATOR_ID")]) + "\\n")
arguments = " ".join(sys.argv[1:])
for start, answer in json.loads(os.environ["AZ_ANSWERS"]).items():
    if arguments.startswith(start):
        if answer == "fails":
            sys.exit(1)
        print(json.dumps(answer))
"""
ME = {"id": "11111111-2222-3333-4444-555555555555", "userPrincipalName": "eva@example.org"}
OUTPUTS = {name: {"type": "String", "value": f"the-{name}"} for name in deploy.OUTPUTS}
REGISTRY = OUTPUTS["registryServer"]["value"]
BUILT = "sha256:" + "1" * 64
#: Of a stage that is new: there is no registry before its first deployment, and no image in it.
ANSWERS = {
    "ad signed-in-user": ME,
    "deployment group create": OUTPUTS,
    "acr list": [],
    "acr repository list": [],
    "acr repository show ": BUILT,
}


class StandInCli:
    """What `az` was asked, and what it answers."""

    def __init__(self, folder, monkeypatch):
        self._calls = folder / "calls"
        self._monkeypatch = monkeypatch
        program = folder / "az"
        program.write_text(STAND_IN)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        monkeypatch.setenv("AZ_CALLS", str(self._calls))
        self.answers(ANSWERS)

    def answers(self, answers):
        self._monkeypatch.setenv("AZ_ANSWERS", json.dumps(answers))

    @property
    def calls(self):
        text = self._calls.read_text() if self._calls.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def asked(self, start):
        return [" ".join(call) for call, _ in self.calls if " ".join(call).startswith(start)]


@pytest.fixture
def cli(tmp_path, monkeypatch):
    return StandInCli(tmp_path, monkeypatch)


@pytest.fixture
def programs(monkeypatch):
    """Our own programs that a deployment runs, written down instead."""
    ran = []
    monkeypatch.setattr(deploy, "run", lambda _, *arguments: ran.append(arguments))
    monkeypatch.setattr(job_image, "tag_of", lambda _: "job-tag")
    return ran


def test_a_stage_is_deployed_with_its_parameters_then_published(cli, programs):
    deploy.deploy("dev", "northeurope", Az(), addresses=["192.0.2.7"])
    (group,) = cli.asked("group create")
    assert "--name scienceops-dev --location northeurope" in group
    made = cli.asked("deployment group create")[-1]
    assert f'--parameters {BICEP / "dev.bicepparam"} allowedAddresses=["192.0.2.7"]' in made
    assert cli.calls[-1][0][:3] == ["functionapp", "deployment", "source"]
    assert "--name the-functionsName" in cli.asked("functionapp")[0]
    assert [ran[0] for ran in programs] == [
        "infra.azure.job_image",
        "infra.azure.grant_sql",
        "infra.azure.upload_wheel",
        "infra.stage",
    ]


def test_a_new_stage_is_deployed_again_once_its_registry_has_built_the_job_image(cli, programs):
    deploy.deploy("dev", "northeurope", Az())
    image = f"{REGISTRY}/scienceops@{BUILT}"
    steps = [
        words for call, _ in cli.calls if (words := " ".join(call)).startswith(("dep", "acr b"))
    ]
    assert [words.split()[0] for words in steps] == ["deployment", "acr", "deployment"]
    assert "jobImage= " in steps[0]
    assert "--image scienceops:job-tag" in steps[1]
    assert f"jobImage={image} " in steps[2]


@pytest.mark.parametrize(("tags", "builds"), [(["job-tag"], 0), (["job-older"], 1)])
def test_a_stage_that_is_there_builds_what_it_has_not_and_is_deployed_once(
    cli, programs, tags, builds
):
    there = {
        "acr list": ["old.azurecr.io"],
        "acr repository list": ["scienceops"],
        "acr repository show-tags": tags,
    }
    cli.answers({**ANSWERS, **there})
    deploy.deploy("dev", "northeurope", Az())
    assert len(cli.asked("acr build --registry old ")) == len(cli.asked("acr build")) == builds
    (made,) = cli.asked("deployment group create")
    assert f"jobImage=old.azurecr.io/scienceops@{BUILT} " in made


def test_a_stage_without_spark_needs_no_wheel(cli, programs):
    without = {**OUTPUTS, "databricksUrl": {"type": "String", "value": ""}}
    cli.answers({**ANSWERS, "deployment group create": without})
    deploy.deploy("dev", "northeurope", Az())
    assert "infra.azure.upload_wheel" not in [ran[0] for ran in programs]


def test_whoever_is_signed_in_administers(cli, programs):
    deploy.deploy("dev", "northeurope", Az())
    told = [who for call, who in cli.calls if call[0] == "deployment"]
    assert set(told) == {ME["id"]}


def test_a_group_administers_when_it_is_named(cli, monkeypatch):
    seen = []
    monkeypatch.setattr(deploy, "deploy", lambda *_, **__: seen.append(_[2].variables))
    deploy.main(["dev", "--group", "42=Data science"])
    assert seen == [
        {
            "ADMINISTRATOR_ID": "42",
            "ADMINISTRATOR_NAME": "Data science",
            "ADMINISTRATOR_KIND": "Group",
        }
    ]


def test_every_provider_of_a_resource_is_registered_before_the_group_is_made(cli, programs):
    deploy.deploy("dev", "northeurope", Az())
    used = {
        found.target.partition("/")[0]
        for file in all_files().values()
        for found in file.of("resource").values()
    } - {"Microsoft.Authorization"}
    assert used == set(deploy.PROVIDERS)
    assert len(cli.asked("provider register")) == len(used)


def test_nothing_is_done_after_a_step_that_failed(cli, programs):
    cli.answers({**ANSWERS, "deployment group create": "fails"})
    with pytest.raises(SystemExit, match="nothing after it was done"):
        deploy.deploy("dev", "northeurope", Az())
    assert not cli.asked("functionapp")
    assert not cli.asked("acr build")
    assert programs == [("infra.azure.job_image",)]


def test_a_look_ahead_changes_nothing(cli, programs):
    deploy.deploy("dev", "northeurope", Az(), what_if=True)
    assert cli.asked("deployment group what-if")
    assert not cli.asked("deployment group create")
    assert programs == []


@pytest.mark.parametrize("run", [deploy.main, destroy.main])
def test_a_dry_run_shows_commands_and_runs_none(cli, capsys, run):
    run(["dev", "--dry-run"])
    assert cli.calls == []
    assert "\naz " in "\n" + capsys.readouterr().out


def test_a_stage_without_parameters_says_how_to_make_some(cli):
    with pytest.raises(SystemExit, match="set `stage` in it"):
        deploy.deploy("nowhere", "northeurope", Az())


def test_a_machine_without_the_cli_is_told_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="no Azure CLI"):
        destroy.destroy("dev", Az())


def resource(kind, name, holds=None):
    tags = {"application": "scienceops"} | ({"holds": holds} if holds else {})
    return {"id": f"/x/{kind}/{name}", "type": kind, "tags": tags}


def test_what_holds_data_is_kept_and_the_rest_goes_apps_first(cli, capsys):
    cli.answers(
        {
            "resource list": [
                resource("Microsoft.App/managedEnvironments", "e"),
                resource("Microsoft.Storage/storageAccounts", "s", "data"),
                resource("Microsoft.EventGrid/systemTopics", "t"),
                resource("Microsoft.App/containerApps", "iris-v1"),
                resource("Microsoft.Network/privateDnsZones/virtualNetworkLinks", "l"),
                {"id": "/x/untagged", "type": "Microsoft.App/jobs", "tags": None},
            ]
        }
    )
    destroy.destroy("dev", Az())
    gone = [call.rpartition("/")[2] for call in cli.asked("resource delete")]
    assert gone == ["iris-v1", "untagged", "t", "e"]
    assert "Kept" in capsys.readouterr().out


def test_what_the_templates_call_data_is_what_is_said_to_be_kept():
    main = (BICEP / "main.bicep").read_text()
    kept = [piece.partition("'")[0] for piece in main.split("module ") if "tags: dataTags" in piece]
    assert [name.strip() for name in kept] == [
        "identities", "storage", "registry", "sql", "vault",
    ]  # fmt: skip
    assert all(
        word in destroy.KEPT for word in ("identities", "storage", "registry", "SQL", "vault")
    )


def test_data_goes_only_when_asked_for(cli):
    destroy.main(["dev", "--with-data"])
    assert cli.asked("") == ["group delete --name scienceops-dev --yes"]


def test_an_identity_is_let_in_by_its_client_id_and_may_make_no_tables():
    number = "00112233-4455-6677-8899-aabbccddeeff"
    told = grant_sql.statements("scienceops-dev-functions", number)
    assert "WITH SID = 0x33221100554477668899AABBCCDDEEFF, TYPE = E" in told[0]
    assert not [line for line in told if "ddladmin" in line or "owner" in line]


@pytest.mark.parametrize("name", ["x'; DROP TABLE y --", "x]y", "x y"])
def test_a_name_that_could_end_its_quotes_is_refused(name):
    with pytest.raises(ValueError, match="no name of an identity"):
        grant_sql.statements(name, "00112233-4455-6677-8899-aabbccddeeff")
