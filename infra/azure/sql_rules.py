"""Rules of SQL's firewall for addresses that were taken back: a template adds and never deletes."""

from infra.azure.az import Az

#: As modules/sql.bicep names them: person-0, person-1, by their place among the addresses.
PREFIX = "person-"


def delete_taken_back(az: Az, group: str, server: str, addresses: int) -> None:
    """Delete the rules beyond as many addresses as the last deployment allowed.

    server: its address, NAME.database.windows.net. Raises SystemExit when a deletion fails.
    """
    place = ("--resource-group", group, "--server", server.partition(".")[0])
    rules = ("sql", "server", "firewall-rule")
    query = f"[?starts_with(name, '{PREFIX}')].name"
    names: list[str] = az.ask(*rules, "list", *place, "--query", query, otherwise=[]) or []
    kept = {f"{PREFIX}{index}" for index in range(addresses)}
    for name in sorted(set(names) - kept):
        az.do(*rules, "delete", *place, "--name", name)
