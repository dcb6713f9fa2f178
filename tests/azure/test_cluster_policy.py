"""The policy of clusters in a stand-in for a workspace: made once, then brought up to date."""

import io
import json
from collections.abc import Iterator

import pytest
from emulators.databricks_policies import Policies, blueprint
from emulators.resource_manager import serving_app
from flask import Flask

from infra.azure.cluster_policy import NAME, SECRET_KEY, main

PLACE = "/x/workspaces/w"
TENANT = "00000000-0000-0000-0000-00000000000a"
OLDER, NEWER = "00000000-0000-0000-0000-00000000000b", "00000000-0000-0000-0000-00000000000c"
SECRET_RULE = "spark_env_vars.AZURE_CLIENT_SECRET"


@pytest.fixture
def workspace() -> Iterator[tuple[Policies, str]]:
    """What the workspace keeps, and its URL."""
    app, kept = Flask("databricks"), Policies()
    app.register_blueprint(blueprint(kept))
    with serving_app(app) as url:
        yield kept, url


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch):
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_the_policy_names_the_principal_and_where_its_secret_was_put(workspace, give, capsys):
    kept, url = workspace
    give("hush\n")
    assert main([url, PLACE, TENANT, OLDER, "--new-secret"]) == 0
    [policy_id] = kept.policies
    # The id alone, as a file of a stage takes it.
    assert capsys.readouterr().out == f"{policy_id}\n"
    assert kept.secrets == {NAME: {SECRET_KEY: "hush"}}
    rules = kept.rules(policy_id)
    assert {path: rule["value"] for path, rule in rules.items()} == {
        "spark_env_vars.AZURE_TENANT_ID": TENANT,
        "spark_env_vars.AZURE_CLIENT_ID": OLDER,
        SECRET_RULE: f"{{{{secrets/{NAME}/{SECRET_KEY}}}}}",
    }
    # Whoever starts a cluster can set none of them to something else.
    assert {rule["type"] for rule in rules.values()} == {"fixed"}
    assert "hush" not in json.dumps(kept.policies)


def test_a_second_time_changes_the_policy_of_this_name_and_keeps_what_others_added(
    workspace, give, capsys
):
    kept, url = workspace
    give("hush")
    main([url, PLACE, TENANT, OLDER, "--new-secret"])
    [policy_id] = kept.policies
    added = {"autoscale.max_workers": {"type": "range", "maxValue": 4}}
    policy = kept.policies[policy_id]
    policy["definition"] = json.dumps({**kept.rules(policy_id), **added})
    policy |= {"description": "by the data team", "max_clusters_per_user": 2}
    capsys.readouterr()

    assert main([url, PLACE, TENANT, NEWER]) == 0

    assert capsys.readouterr().out == f"{policy_id}\n"
    [changed] = kept.policies.values()
    rules = kept.rules(policy_id)
    assert rules["spark_env_vars.AZURE_CLIENT_ID"]["value"] == NEWER
    assert rules["autoscale.max_workers"] == added["autoscale.max_workers"]
    assert changed["description"] == "by the data team"
    assert changed["max_clusters_per_user"] == 2
    assert kept.secrets == {NAME: {SECRET_KEY: "hush"}}


def test_a_policy_of_another_name_is_left_alone(workspace, give):
    kept, url = workspace
    kept.policies["other"] = {"policy_id": "other", "name": "other", "definition": "{}"}
    give("hush")
    main([url, PLACE, TENANT, OLDER, "--new-secret"])
    assert len(kept.policies) == 2
    assert kept.policies["other"]["definition"] == "{}"


def test_a_new_secret_takes_the_place_of_the_older_one(workspace, give):
    kept, url = workspace
    for secret in ("older", "newer"):
        give(secret)
        main([url, PLACE, TENANT, OLDER, "--new-secret"])
    assert kept.secrets == {NAME: {SECRET_KEY: "newer"}}


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "no secret 'spark-client-secret' in"), (["--new-secret"], "no secret came")],
)
def test_without_a_secret_nothing_is_made(workspace, give, words, said):
    kept, url = workspace
    give("\n")
    with pytest.raises(SystemExit, match=said):
        main([url, PLACE, TENANT, OLDER, *words])
    assert (kept.policies, kept.secrets) == ({}, {})


def test_a_scope_that_is_there_without_the_secret_is_no_secret(workspace):
    kept, url = workspace
    kept.secrets[NAME] = {}
    with pytest.raises(SystemExit, match="--new-secret"):
        main([url, PLACE, TENANT, OLDER])
    assert kept.policies == {}


def test_what_is_no_id_is_named(workspace, capsys):
    kept, url = workspace
    with pytest.raises(SystemExit):
        main([url, PLACE, "contoso", OLDER])
    assert "'contoso' is no id: wanted" in capsys.readouterr().err
    assert kept.policies == {}
