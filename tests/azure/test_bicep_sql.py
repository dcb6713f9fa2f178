"""What is switched on for SQL reaches the workspace."""

from bicep.files import BICEP, all_files

SQL = all_files()[BICEP / "modules" / "sql.bicep"].of("resource")


def categories(name: str) -> set[str]:
    return {log["category"] for log in SQL[name].body["properties"]["logs"]}


def test_the_audit_of_the_server_is_told_where_azure_tells_it():
    # Source: Microsoft, REST of server auditing settings: "for server level audit you should use
    # the 'master' database".
    assert SQL["audit"].target.startswith("Microsoft.Sql/servers/auditingSettings@")
    assert SQL["master"].existing
    assert SQL["master"].body["name"] == "master"
    assert SQL["audited"].body["scope"].text == "master"
    assert categories("audited") == {"SQLSecurityAuditEvents"}
    assert categories("logs") == {"Errors", "Deadlocks"}
