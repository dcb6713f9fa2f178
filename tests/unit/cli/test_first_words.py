"""What a person reads back who uses a command for the first time."""

import pytest
from click.testing import CliRunner
from retraining_scene import NAME, Scene

from scienceops.cli import main, session
from scienceops.core.names import version_file_key
from scienceops.errors import BadInput, BadPackage, WrongState

MANIFEST = {
    "task": "classification",
    "classes": ["no", "yes"],
    "metrics": {},
    "tags": {},
    "origin": {},
    "model": {"format": "skops", "allow_pickle": False},
    "files": {},
}


@pytest.fixture
def say(tmp_path, monkeypatch):
    """Runs a command on a home with a service of one proved version."""
    scene = Scene(tmp_path)
    scene.version(1, manifest=MANIFEST)
    schema = b'{"type": "object", "properties": {"age": {"type": "number"}}, "required": ["age"]}'
    scene.ports.objects.put(version_file_key(NAME, 1, "schema.json"), schema)
    monkeypatch.setenv("SCIENCEOPS_HOME", str(tmp_path))
    session.app.cache_clear()

    def run(*words):
        done = CliRunner().invoke(main.cli, words)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    yield run
    session.app.cache_clear()


def test_a_misspelt_command_is_told_with_its_like(say):
    assert "Did you mean one of: 'stats', 'status'?" in say("stat")
    assert "No such command 'pusk'. Did you mean 'push'?" in say("pusk")


def test_a_policy_that_is_set_is_told_with_what_it_was(say):
    assert say("policy", NAME, "set", "promotion=auto") == "promotion = auto (it was manual)\n"
    assert say("policy", NAME, "set", "promotion=auto") == "promotion = auto (as before)\n"
    assert "it was empty" in say("policy", NAME, "set", "alert_url=https://hooks.example/x")
    assert "what it decides" in say("policy", NAME)


def test_a_flag_on_whole_days_is_listed_as_it_was_typed(say):
    say("flag", NAME, "wrong", "--from", "2026-11-20", "--to", "2026-11-21")
    say("flag", NAME, "wrong", "--from", "2026-11-20T09:30", "--to", "2026-11-21")
    first, second = say("flag", NAME).splitlines()[1:]
    assert first.split()[1:4] == ["wrong", "2026-11-20", "2026-11-21"]
    assert "2026-11-20 09:30 UTC  2026-11-22 00:00 UTC" in second


def test_a_window_that_ends_before_it_begins_is_told_as_it_was_typed(say):
    with pytest.raises(BadInput, match="begins at 2026-11-25 and ends at 2026-11-20: wanted"):
        say("flag", NAME, "wrong", "--from", "2026-11-25", "--to", "2026-11-20")


def test_times_in_tables_are_told_as_on_the_pages(say):
    say("tokens", "create", "bob")
    say("keys", NAME, "create")
    for words in (["tokens", "list"], ["keys", NAME, "list"], ["status", NAME]):
        assert " UTC" in say(*words)


def test_a_version_that_has_not_failed_is_not_retried_and_told_so(say):
    with pytest.raises(WrongState, match="is proved: only a failed one is tried again"):
        say("retry", NAME, "1")


def test_a_file_that_is_no_package_is_named(say, tmp_path):
    (tmp_path / "notes.txt").write_text("notes")
    with pytest.raises(BadPackage, match=r"notes\.txt: not a zip"):
        say("push", str(tmp_path / "notes.txt"))


def test_windows_and_reasons_have_the_same_names_in_every_command(say):
    told = say("stats", NAME, "--from", "2026-11-20", "--to", "2026-11-21")
    assert told.endswith("features are age; there are none of any day\n")
    # What it is refused for comes after its options were read.
    with pytest.raises(WrongState, match=r"carries no train\.py"):
        say("retrain", NAME, "--from", "2026-11-20", "--to", "2026-11-21", "--comment", "new rows")


def test_before_a_service_began_nothing_was_live_and_that_is_all(say):
    assert say("history", NAME, "--at", "2020-01-01").count("\n") == 1
