"""Deploying, with a stand-in for the Azure CLI that writes down its calls."""

import pytest
from bicep.files import BICEP, all_files
from emulators.az_cli import ANSWERS, BUILT, ME, OUTPUTS, REGISTRY

from infra.azure import deploy, destroy
from infra.azure.az import Az
from infra.azure.choices import Administrator, Choices


def test_a_stage_is_deployed_with_its_parameters_then_published(cli, programs):
    deploy.deploy("dev", Choices("northeurope", ("192.0.2.7",)), Az())
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
    # By its resource a workspace lets in whoever owns it and was never there.
    assert programs[2][1:] == ("the-databricksUrl", "the-databricksId", "the-databricksWheel")


def test_a_new_stage_is_deployed_again_once_its_registry_has_built_the_job_image(cli, programs):
    deploy.deploy("dev", Choices("northeurope"), Az())
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
    deploy.deploy("dev", Choices("northeurope"), Az())
    assert len(cli.asked("acr build --registry old ")) == len(cli.asked("acr build")) == builds
    (made,) = cli.asked("deployment group create")
    assert f"jobImage=old.azurecr.io/scienceops@{BUILT} " in made


def test_a_stage_without_spark_needs_no_wheel(cli, programs):
    without = {**OUTPUTS, "databricksUrl": {"type": "String", "value": ""}}
    cli.answers({**ANSWERS, "deployment group create": without})
    deploy.deploy("dev", Choices("northeurope"), Az())
    assert "infra.azure.upload_wheel" not in [ran[0] for ran in programs]


def test_whoever_is_signed_in_administers(cli, programs):
    deploy.deploy("dev", Choices("northeurope"), Az())
    told = [seen["ADMINISTRATOR_ID"] for call, seen in cli.calls if call[0] == "deployment"]
    assert set(told) == {ME["id"]}


def test_a_group_administers_when_it_is_named(cli, monkeypatch):
    seen = []
    monkeypatch.setattr(deploy, "deploy", lambda _, given, *__, **___: seen.append(given))
    deploy.main(["dev", "--group", f"{ME['id']}=Data science"])
    assert seen == [Choices(administrator=Administrator(ME["id"], "Data science", "Group"))]


def test_every_provider_of_a_resource_is_registered_before_the_group_is_made(cli, programs):
    deploy.deploy("dev", Choices("northeurope"), Az())
    used = {
        found.target.partition("/")[0]
        for file in all_files().values()
        for found in file.of("resource").values()
    } - {"Microsoft.Authorization"}
    assert used == set(deploy.PROVIDERS)
    before = cli.calls[: [call[:2] for call, _ in cli.calls].index(["group", "create"])]
    registered = {call[3] for call, _ in before if call[:2] == ["provider", "register"]}
    # Azure refuses the environment in a network of its own, and starts no cluster, without these.
    assert registered == used | {"Microsoft.ContainerService", "Microsoft.Compute"}


@pytest.mark.parametrize(
    ("version", "is_old"), [("2.45.0", True), ("2.60.1", True), ("2.61.0", False), ("3.0.0", False)]
)
def test_a_cli_that_takes_no_parameters_beside_a_file_is_told_before_anything_is_done(
    cli, programs, version, is_old
):
    cli.answers({**ANSWERS, "version": version})
    if not is_old:
        deploy.deploy("dev", Choices("northeurope"), Az())
        return
    with pytest.raises(SystemExit, match=rf"{version}, and deploying wants 2\.61"):
        deploy.deploy("dev", Choices("northeurope"), Az())
    assert len(cli.calls) == 1


def test_nothing_is_done_after_a_step_that_failed(cli, programs):
    cli.answers({**ANSWERS, "deployment group create": "fails"})
    with pytest.raises(SystemExit, match="nothing after it was done"):
        deploy.deploy("dev", Choices("northeurope"), Az())
    assert not cli.asked("functionapp")
    assert not cli.asked("acr build")
    assert programs == [("infra.azure.job_image",)]


#: Questions, none of which changes anything.
READS = (
    "version", "group list", "deployment group list", "ad signed-in-user show", "acr list",
    "acr repository", "deployment group what-if",
)  # fmt: skip
THERE = {"group list": ["northeurope"], "acr list": ["old.azurecr.io"]}


def test_a_look_ahead_changes_nothing(cli, programs):
    cli.answers({**ANSWERS, **THERE})
    deploy.deploy("dev", Choices(), Az(), what_if=True)
    assert cli.asked("deployment group what-if")
    assert [call for call in cli.asked("") if not call.startswith(READS)] == []
    # It writes to this machine's build/ alone.
    assert programs == [("infra.azure.job_image",)]


@pytest.mark.parametrize(
    ("tags", "image"), [(["job-tag"], f"@{BUILT}"), (["job-older"], ":job-tag")]
)
def test_a_look_ahead_has_the_image_that_a_deployment_would_have(cli, programs, tags, image):
    has = {"acr repository list": ["scienceops"], "acr repository show-tags": tags}
    cli.answers({**ANSWERS, **THERE, **has})
    deploy.deploy("dev", Choices(), Az(), what_if=True)
    (asked,) = cli.asked("deployment group what-if")
    assert asked.endswith(f" jobImage=old.azurecr.io/scienceops{image}")


def test_a_look_ahead_is_at_what_a_deployment_would_be_told(cli, programs):
    has = {"acr repository list": ["scienceops"], "acr repository show-tags": ["job-tag"]}
    cli.answers({**ANSWERS, **THERE, **has})
    deploy.deploy("dev", Choices(addresses=("192.0.2.7",)), Az(), what_if=True)
    deploy.deploy("dev", Choices(addresses=("192.0.2.7",)), Az())
    ahead, made = (
        [(call[call.index("--parameters") :], told) for call, told in cli.calls if step in call]
        for step in ("what-if", "create")
    )
    assert [(words, told) for words, told in ahead] == [(words[:-4], told) for words, told in made]


def test_a_look_ahead_at_a_new_stage_says_why_there_is_nothing_to_look_at(cli, programs):
    with pytest.raises(SystemExit, match="there is no scienceops-dev yet"):
        deploy.deploy("dev", Choices(), Az(), what_if=True)
    assert [call for call in cli.asked("") if not call.startswith(READS)] == []


@pytest.mark.parametrize("run", [deploy.main, destroy.main])
def test_a_dry_run_shows_commands_and_runs_none(cli, capsys, run):
    run(["dev", "--dry-run"])
    assert cli.calls == []
    assert "\naz " in "\n" + capsys.readouterr().out


def test_a_stage_without_parameters_says_how_to_make_some(cli):
    with pytest.raises(SystemExit, match="set `stage` in it"):
        deploy.deploy("nowhere", Choices("northeurope"), Az())


def test_a_machine_without_the_cli_is_told_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="no Azure CLI"):
        destroy.destroy("dev", Az())
