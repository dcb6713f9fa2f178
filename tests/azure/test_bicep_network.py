"""The network of a closed stage keeps what Databricks holds its subnets to."""

from bicep.files import BICEP, all_files

NETWORK = all_files()[BICEP / "modules" / "network.bicep"]
#: Source: Microsoft, "Deploy Azure Databricks in your Azure virtual network": the rules of secure
#: cluster connectivity. A deployment over a workspace that leaves one out is refused.
HELD = {
    ("Inbound", "*", "VirtualNetwork", "*"),
    ("Outbound", "*", "VirtualNetwork", "*"),
    ("Outbound", "Tcp", "AzureDatabricks", "443 3306 8443-8451"),
    ("Outbound", "Tcp", "Sql", "3306"),
    ("Outbound", "Tcp", "Storage", "443"),
    ("Outbound", "Tcp", "EventHub", "9093"),
}


def test_a_deployment_over_a_workspace_keeps_the_rules_that_databricks_made():
    rules = NETWORK.of("var")["sparkRules"].value
    kept = {(r["direction"], r["protocol"], r["to"], " ".join(r["ports"])) for r in rules}
    assert kept == HELD
    assert "properties" in NETWORK.of("resource")["guard"].body


def test_no_two_rules_of_a_direction_have_one_priority():
    rules = NETWORK.of("var")["sparkRules"].value
    turns = [(rule["direction"], rule["priority"]) for rule in rules]
    assert len(set(turns)) == len(turns)
