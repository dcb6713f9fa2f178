"""What the programs of a deployment say where nobody is signed in, or nothing answers."""

import socket

import pytest
from azure.core.exceptions import ClientAuthenticationError
from databricks.sdk.errors import PermissionDenied

from infra.azure import cluster_policy, grant_sql, upload_wheel
from infra.azure.refusals import explained
from infra.azure.wheel import make_wheel
from scienceops.adapters.azure import management, sql_engine

WORKSPACE = "https://adb-1.1.azuredatabricks.net"
ID = "00000000-0000-0000-0000-0000000000ff"
PLACE = "/x/workspaces/w"


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ClientAuthenticationError("Azure CLI not found on path\n\tmore"), "az login"),
        (PermissionDenied("only for administrators"), "only for administrators. Sign in as"),
        (TimeoutError("Timed out after 0:00:30"), "was not reached: Timed out"),
    ],
)
def test_what_refuses_is_named_in_one_line_with_the_next_step(failure, told):
    with pytest.raises(SystemExit) as refused, explained("the workspace"):
        raise failure
    assert told in str(refused.value)
    assert str(refused.value).startswith("the workspace")
    assert "\n" not in str(refused.value)


def nobody(*_, **__):
    raise ClientAuthenticationError("Azure CLI not found on path")


def test_who_is_not_signed_in_is_told_so_by_each_program(monkeypatch, tmp_path):
    monkeypatch.setattr(management, "open_workspace", nobody)
    monkeypatch.setattr(sql_engine, "open_engine", nobody)
    monkeypatch.setattr(upload_wheel, "make_wheel", lambda: make_wheel(tmp_path))
    server = "x.database.windows.net"
    for place, call in (
        (WORKSPACE, lambda: cluster_policy.main([WORKSPACE, PLACE, ID, ID])),
        (WORKSPACE, lambda: upload_wheel.main(WORKSPACE, PLACE, "/Workspace/any.whl")),
        (f"statistics on {server}", lambda: grant_sql.main(server, "statistics", f"x={ID}")),
    ):
        with pytest.raises(SystemExit, match="az login") as refused:
            call()
        assert str(refused.value).startswith(f"{place}: nobody is signed in")


def test_a_workspace_where_nobody_listens_is_named(monkeypatch):
    monkeypatch.setattr(management, "PATIENCE_SECONDS", 1)
    with socket.socket() as unheard:
        # Bound and not listening, so that nobody else can take the port meanwhile.
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        with pytest.raises(SystemExit, match=f"{url} was not reached"):
            cluster_policy.main([url, PLACE, ID, ID])


@pytest.mark.parametrize(
    ("url", "told"),
    [("", "the stage has no workspace: set databricks = true"), ("adb-1", "output databricksUrl")],
)
def test_what_is_no_address_of_a_workspace_is_refused_at_once(capsys, monkeypatch, url, told):
    monkeypatch.setattr(management, "open_workspace", None)
    for call in (
        lambda: cluster_policy.main([url, PLACE, ID, ID]),
        lambda: upload_wheel.main(url, PLACE, "/Workspace/any.whl"),
    ):
        with pytest.raises(SystemExit):
            call()
        assert told in capsys.readouterr().err


@pytest.mark.parametrize("word", ["x", "x=", f"={ID}", "x=1", f"a b={ID}"])
def test_an_identity_that_is_none_is_refused_before_a_table_is_made(capsys, monkeypatch, word):
    monkeypatch.setattr(sql_engine, "open_engine", None)
    with pytest.raises(SystemExit):
        grant_sql.main("x.database.windows.net", "statistics", f"x={ID}", word)
    assert f"{word!r}: wanted NAME=CLIENT_ID" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        grant_sql.main()
