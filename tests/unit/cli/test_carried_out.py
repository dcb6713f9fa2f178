"""Who takes up what a command asked for: the `up` of this machine, or functions of a cloud."""

from types import SimpleNamespace

import pytest

from scienceops.cli import push, session, status
from scienceops.cli.up import up
from scienceops.errors import BadInput, BadSetting, Unavailable


@pytest.fixture
def on(tmp_path, monkeypatch):
    """Makes commands work on a cloud, from a home where nothing runs."""

    def choose(cloud):
        app = SimpleNamespace(
            settings=SimpleNamespace(cloud=cloud, home=tmp_path),
            services=list,
            rejections=list,
            runs=lambda most: [],
            gone_before=lambda kind: "",
        )
        for module in (session, status, push):
            monkeypatch.setattr(module, "app", lambda: app)
        return app

    return choose


def test_on_one_machine_it_wants_an_up_and_says_what_is_kept(on, tmp_path):
    on("local")
    with pytest.raises(Unavailable, match=rf"nothing is running on {tmp_path}: .*; it is kept"):
        session.check_carried_out("it is kept")


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_in_a_cloud_nothing_has_to_run_here(on, cloud):
    on(cloud)
    session.check_carried_out("it is kept")


def test_what_speaks_to_an_up_says_so_in_a_cloud_even_when_one_runs_here(on, tmp_path):
    on("aws")
    (tmp_path / session.UP).write_text('{"url": "http://127.0.0.1:9"}')
    with pytest.raises(BadInput, match=r"SCIENCEOPS_CLOUD is 'aws'.*call the API of the stage"):
        session.send("/score", b"{}", "key", {})


def test_status_tells_the_cloud_and_nothing_of_this_machine(on, capsys):
    on("aws")
    facts = status._facts(None)
    assert (facts["cloud"], facts["home"], facts["up"]) == ("aws", None, None)
    status._show(facts, as_json=False)
    assert capsys.readouterr().out.startswith("on aws:\n")


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_no_platform_of_this_machine_is_started_on_a_cloud(monkeypatch, cloud):
    monkeypatch.setenv("SCIENCEOPS_CLOUD", cloud)
    # The host would take this process over.
    monkeypatch.setattr("os.execv", lambda *_: pytest.fail("it was started"))
    with pytest.raises(BadSetting, match=rf"SCIENCEOPS_CLOUD is '{cloud}'.*Unset"):
        up.callback(port=8400, tls=False, cert=None, key=None)
