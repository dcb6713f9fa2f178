"""`messages` shows what the queues have set aside, sends it anew or deletes it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from scienceops.adapters.local import connect
from scienceops.cli import messages
from scienceops.config import Settings
from scienceops.core.messages import ALERTS, WORK, AdvanceVersion, SendAlert
from scienceops.ports import Ports
from scienceops.ports.message_queue import MAX_ATTEMPTS
from scienceops.upkeep import Upkeep

STEP = AdvanceVersion(service="iris", version=2).to_body()
ALERT = SendAlert(service="iris", rule="drift", sequence=1).to_body()


@pytest.fixture
def ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ports:
    ports = connect(Settings(home=tmp_path))
    upkeep = Upkeep(ports, lambda: datetime.now(UTC))
    monkeypatch.setattr(messages, "app", lambda: SimpleNamespace(upkeep=upkeep))
    return ports


@pytest.fixture
def aside(ports: Ports) -> Ports:
    for queue, body in ((WORK, STEP), (ALERTS, ALERT)):
        ports.queue.send(queue, body)
        for _ in range(MAX_ATTEMPTS):
            [delivery] = ports.queue.receive(queue)
            ports.queue.release(delivery)
        assert ports.queue.receive(queue) == []
    return ports


def run(*options: str) -> Result:
    return CliRunner().invoke(messages.messages, options)


def test_nothing_was_set_aside(ports: Ports):
    assert ports.queue.set_aside(WORK) == []
    assert run().output == "no message was set aside\n"
    assert json.loads(run("--json").output) == {"set_aside": []}
    assert run("--forget").output == "no message was set aside\n"


def test_each_is_shown_with_its_next_step(aside: Ports):
    lines = run().output.splitlines()
    told = "work advance_version iris 2 scienceops status iris, then scienceops retry iris 2 if it"
    assert " ".join(lines[1].split()).startswith(told)
    assert lines[2].startswith("alerts  send_alert iris drift 1")
    assert lines[-1] == "then `scienceops messages --resend`, or `--forget`"
    found = json.loads(run("--json").output)["set_aside"]
    assert found == [{"queue": WORK, "body": STEP}, {"queue": ALERTS, "body": ALERT}]
    assert aside.queue.set_aside(WORK) == [STEP]


def test_all_are_sent_anew(aside: Ports):
    assert run("--resend").output == "sent 2 anew\n"
    assert aside.queue.set_aside(WORK) == []
    assert [d.body for d in aside.queue.receive(WORK)] == [STEP]
    assert [d.body for d in aside.queue.receive(ALERTS)] == [ALERT]


def test_all_are_deleted(aside: Ports):
    assert json.loads(run("--forget", "--json").output) == {"deleted": 2, "left": 0}
    assert aside.queue.set_aside(WORK) == aside.queue.receive(WORK) == []


def test_those_that_stay_are_told(aside: Ports, monkeypatch: pytest.MonkeyPatch):
    kept = type(aside.queue).set_aside

    def unreadable(self, queue, *, then="keep"):
        return [] if then == "resend" else kept(self, queue, then=then)

    monkeypatch.setattr(type(aside.queue), "set_aside", unreadable)
    said = run("--resend").output
    assert "sent 0 anew; 2 cannot be understood and stay set aside" in said
    assert "`scienceops messages --forget`" in said


def test_both_at_once_are_refused(aside: Ports):
    refused = run("--resend", "--forget")
    assert refused.exit_code == 2
    assert "exclude each other" in refused.output
    assert aside.queue.set_aside(WORK) == [STEP]
