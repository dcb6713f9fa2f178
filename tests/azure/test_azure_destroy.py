"""Taking a stage down, with a stand-in for the Azure CLI that writes down its calls."""

import pytest
from bicep.files import BICEP

from infra.azure import destroy
from infra.azure.az import Az


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
                {"id": "/x/untagged", "type": "Microsoft.App/jobs", "tags": None},
            ]
        }
    )
    destroy.destroy("dev", Az())
    gone = [call.rpartition("/")[2] for call in cli.asked("resource delete")]
    assert gone == ["iris-v1", "untagged", "t", "e"]
    assert "Kept" in capsys.readouterr().out


def test_roles_of_an_identity_that_goes_are_taken_from_what_stays(cli):
    topic = resource("Microsoft.EventGrid/systemTopics", "t")
    cli.answers(
        {
            "resource list": [
                {**topic, "identity": {"type": "SystemAssigned", "principalId": "p-1"}},
                {**resource("Microsoft.Web/sites", "app"), "identity": {"principalId": None}},
            ],
            "role assignment list": ["/x/roleAssignments/1", "/x/roleAssignments/2"],
        }
    )
    destroy.destroy("dev", Az())
    [asked] = cli.asked("role assignment list")
    assert "--all --assignee p-1" in asked
    order = [call.partition(" --")[0] for call in cli.asked("") if "delete" in call]
    assert order == ["resource delete", "role assignment delete", "resource delete"]
    [taken] = cli.asked("role assignment delete")
    assert taken.endswith("--ids /x/roleAssignments/1 /x/roleAssignments/2")


def gone_of(cli, found):
    cli.answers({"resource list": found})
    destroy.destroy("dev", Az())
    return [call.rpartition("/")[2] for call in cli.asked("resource delete")]


def test_azure_s_own_database_is_left_to_its_server(cli):
    databases = "Microsoft.Sql/servers/databases"
    found = [
        resource("Microsoft.Sql/servers", "server", "data"),
        # As Azure lists it: not made by a template, so it has no tags.
        {"id": "/x/Microsoft.Sql/servers/server/databases/master", "type": databases, "tags": None},
        resource(databases, "statistics", "data"),
        resource(databases, "another"),
        resource("Microsoft.EventGrid/systemTopics", "master"),
    ]
    assert gone_of(cli, found) == ["master", "another"]
    assert not [call for call in cli.asked("resource delete") if "databases/master" in call]


def test_a_zone_of_names_goes_after_its_links_and_before_its_network(cli):
    zone = "Microsoft.Network/privateDnsZones"
    found = [
        resource("Microsoft.Network/virtualNetworks", "network"),
        resource(zone, "a-zone"),
        resource("microsoft.insights/components", "insights"),
        resource(f"{zone}/virtualNetworkLinks", "link"),
        resource("Microsoft.App/managedEnvironments", "environment"),
    ]
    assert gone_of(cli, found) == ["environment", "link", "a-zone", "network", "insights"]


def test_what_databricks_holds_subnets_by_goes_after_them(cli):
    policy = "Microsoft.Network/networkIntentPolicies"
    found = [
        {"id": f"/x/{policy}/adb-westeurope", "type": policy, "tags": None},
        resource("Microsoft.Network/virtualNetworks", "network"),
        resource("Microsoft.Databricks/workspaces", "workspace"),
    ]
    assert gone_of(cli, found) == ["workspace", "network", "adb-westeurope"]


@pytest.mark.parametrize("options", [[], ["--with-data"], ["--dry-run"]])
def test_a_stage_that_is_not_there_is_not_taken_down(cli, options):
    with pytest.raises(SystemExit, match=r"STAGE=nowhere: there is no .*the stages are dev, prod"):
        destroy.main(["nowhere", *options])
    assert cli.calls == []


def test_what_the_templates_call_data_is_what_is_said_to_be_kept():
    main = (BICEP / "main.bicep").read_text()
    kept = [piece.partition("'")[0] for piece in main.split("module ") if "tags: dataTags" in piece]
    assert [name.strip() for name in kept] == [
        "identities", "storage", "registry", "sql", "vault",
    ]  # fmt: skip
    assert all(
        word in destroy.KEPT for word in ("identities", "storage", "registry", "SQL", "vault")
    )


def changes_of(cli):
    questions = ("resource list", "resource show", "role assignment list")
    return [call for call in cli.asked("") if not call.startswith(questions)]


def test_data_goes_only_when_asked_for(cli):
    destroy.main(["dev", "--with-data"])
    assert changes_of(cli) == ["group delete --name scienceops-dev --yes"]


@pytest.mark.parametrize(
    ("subnet", "left"),
    [
        ("/x/subnets/functions", [
            "functionapp vnet-integration remove --resource-group scienceops-dev --name app"
        ]),
        (None, []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("with_data", [[], ["--with-data"]])
def test_functions_leave_their_network_before_they_go_for_it_could_not(
    cli, subnet, left, with_data
):
    site = resource("Microsoft.Web/sites", "app")
    found = [site["id"]] if with_data else [site]
    cli.answers({"resource list": found, f"resource show --ids {site['id']} ": subnet})
    destroy.main(["dev", *with_data])
    *before, gone = changes_of(cli)
    assert before == left
    assert gone.startswith(("resource delete", "group delete"))


@pytest.mark.parametrize("word", ["--with", "--w", "--with-dat"])
def test_a_word_that_is_cut_short_deletes_no_data(cli, capsys, word):
    with pytest.raises(SystemExit):
        destroy.main(["dev", word])
    assert f"unrecognized arguments: {word}" in capsys.readouterr().err
    assert cli.calls == []
