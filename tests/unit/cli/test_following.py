"""What `push --wait` and `status --follow` say on the way, and that they say it once."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from scienceops.cli import build_lines, push, status
from scienceops.errors import NotFound, ScienceOpsError, ServiceNotFound

LOG = ["resolving", "no such release: nothing==9"]


def version(state, tail):
    return {
        "service": "iris",
        "version": 1,
        "state": state,
        "live": False,
        "build_id": "iris-1",
        "reason": "the image was not built",
        "log_tail": tail,
    }


@pytest.fixture
def app(monkeypatch):
    made = SimpleNamespace(build_log=lambda name, number: "".join(f"{line}\n" for line in LOG))
    for module in (build_lines, push, status):
        monkeypatch.setattr(module, "app", lambda: made)
    monkeypatch.setattr(push, "check_carried_out", lambda kept: None)
    made.push = lambda file: {"service": "iris", "key": "packages/iris/1.zip", "digest": "d"}
    return made


def pushed(app, tail, tmp_path, *options):
    app.upload = lambda key, digest: {"version": version("failed", tail)}
    package = tmp_path / "package.zip"
    package.write_bytes(b"")
    done = CliRunner().invoke(push.push, [str(package), "--wait", *options])
    assert isinstance(done.exception, ScienceOpsError)
    return done.output, str(done.exception)


def test_a_build_log_that_was_printed_is_not_told_again(app, tmp_path):
    printed, told = pushed(app, LOG, tmp_path)
    assert printed.count(LOG[1]) == 1
    assert LOG[1] not in told
    assert "scienceops retry iris 1" in told


def test_a_log_that_was_not_printed_is_told(app, tmp_path):
    _, told = pushed(app, ["the scorer's own last words"], tmp_path)
    assert "the scorer's own last words" in told
    _, told = pushed(app, LOG, tmp_path, "--json")
    assert LOG[1] in told


def test_a_service_that_is_not_there_yet_is_waited_for_and_this_is_said_once(
    app, monkeypatch, capsys
):
    asked = []

    def service(name):
        asked.append(name)
        if len(asked) < 4:
            raise ServiceNotFound(name)
        return {}

    app.service = service
    monkeypatch.setattr(status, "LOOK_SECONDS", 0.0)
    status._await_service("iris")
    assert len(asked) == 4
    assert capsys.readouterr().err.splitlines() == [
        "no service named 'iris' yet; waiting 60 s for its package"
    ]


def test_a_service_that_does_not_come_is_told_with_where_to_look(app, monkeypatch):
    def service(name):
        raise ServiceNotFound(name)

    app.service = service
    monkeypatch.setattr(status, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(status, "APPEARS_SECONDS", 0.05)
    with pytest.raises(NotFound, match=r"no service named 'iris'.*packages that were rejected"):
        status._await_service("iris")


def test_only_who_follows_waits(app):
    def service(name):
        raise ServiceNotFound(name)

    app.service = service
    done = CliRunner().invoke(status.status, ["iris"])
    assert isinstance(done.exception, ServiceNotFound)
    assert done.output == ""


def test_of_two_logs_that_stand_one_after_the_other_and_grow_each_line_is_printed_once(app, capsys):
    lines = build_lines.BuildLines()
    for log in (["a 1", "b 1"], ["a 1", "a 2", "b 1"], ["a 1", "a 2", "a 1", "b 1", "b 2"]):
        app.build_log = lambda name, number, log=log: "".join(f"{line}\n" for line in log)
        lines.show(version("building", []))
    said = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert said == ["a 1", "b 1", "a 2", "a 1", "b 2"]
    assert lines.have(["a 2", "b 2"])
    assert not lines.have(["a 2", "c"])
