"""The guides, each command run and each sample of output compared, on the demo as it stands."""

import re
import signal
import subprocess
import sys

import pytest
from contract.waiting import PATIENCE
from guide_page import PORT, Shell, blocks_of, read_page
from platform_process import Platform, wait_for

from scienceops.cli.retrain import retrain
from scienceops.core.alerts import RULES
from scienceops.core.policy import Policy

FIRST, RETRAINING = read_page("first-ten-minutes.md"), read_page("retraining.md")
OPERATING = read_page("operating.md")


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """The folder that `~` means."""
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="module")
def demo(people):
    """A demo that has done its work and stays up."""
    platform = Platform(people / "iris-demo")
    told = people / "demo.out"
    words = ["demo", "--port", str(platform.port), "--engine", "inline"]
    code = "from scienceops.cli.main import main; main()"
    with told.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words], env=platform.env, stdout=out, stderr=out
        )

    def stays_up():
        assert process.poll() is None, told.read_text()
        return "It stays up" in told.read_text()

    try:
        wait_for(stays_up, 180, "the demo")
        yield platform
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(90 * PATIENCE)


@pytest.fixture(scope="module")
def shell(demo, people):
    return Shell(demo.env, people, demo.port)


@pytest.fixture(scope="module")
def first(shell):
    """The first ten minutes, followed to their end: what each block printed."""
    return [shell.follow(block) for block in blocks_of(FIRST)]


@pytest.fixture(scope="module")
def retraining(first, shell):
    """Retraining, which goes on from there."""
    return [shell.follow(block) for block in blocks_of(RETRAINING)]


def test_the_commands_of_the_first_ten_minutes_print_what_the_page_shows(first):
    assert len(first) == len(blocks_of(FIRST)) > 5


def test_every_page_that_is_named_is_there(demo):
    shown = re.findall(rf"^\| <http://127\.0\.0\.1:{PORT}(/[^>]*)>", FIRST, re.M)
    assert len(shown) > 4
    assert {path: demo.request("GET", path)[0] for path in shown} == dict.fromkeys(shown, 200)


def test_every_step_of_the_demo_has_its_row(demo, people):
    steps = re.findall(r"^\| (\w+) \|", FIRST.partition("| step |")[2].partition("\n\n")[0], re.M)
    told = (people / "demo.out").read_text()
    assert len(steps) == len(re.findall(r"^    [\d.]+ s$", told, re.M))


def test_the_program_scores_a_row(first, shell):
    program = re.search(r"```python\n(.*?)```", FIRST, re.S)[1]
    (shell.home / "program.py").write_text(program.replace(PORT, str(shell.port)))
    printed = shell.run(f'"{sys.executable}" ~/program.py')
    assert printed == "['setosa'] 1\n"


def test_the_quality_that_is_shown_is_that_of_the_demo(demo, people):
    shown = re.findall(r"^11-2\d +(\d.*)$", FIRST, re.M)
    told = " ".join((people / "demo.out").read_text().split())
    assert len(shown) == 2
    for line in shown:
        assert " ".join(line.split()) in told


def test_the_commands_of_retraining_print_what_the_page_shows(retraining):
    assert len(retraining) == len(blocks_of(RETRAINING)) > 5


def test_the_commands_of_operating_print_what_the_page_shows(retraining, shell):
    printed = [shell.follow(block) for block in blocks_of(OPERATING)]
    assert len(printed) > 5


def test_every_key_of_the_policy_and_every_rule_has_its_row():
    policy, _, rest = OPERATING.partition("## Alerts")
    assert re.findall(r"^\| `(\w+)` \|", policy, re.M) == list(Policy.model_fields)
    assert tuple(re.findall(r"^\| `(\w+)` \|", rest, re.M)[: len(RULES)]) == RULES


def test_every_option_that_selects_has_its_row():
    options = {o for p in retrain.params for o in p.opts} - {
        *(
            "name",
            "--comment",
            "--why",
            "--start",
            "--dismiss",
            "--cancel",
            "--wait",
            "--timeout",
            "--json",
        )
    }
    table = RETRAINING.partition("| option |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(--[\w-]+)`", table)) == options
