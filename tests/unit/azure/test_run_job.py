"""A job tells of itself in the bucket, whatever the bucket's own client writes meanwhile."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from contract.racers import open_store
from contract.waiting import PATIENCE

from scienceops.adapters.azure import run_job
from scienceops.adapters.azure.run_job import Teller, await_bucket, is_done_by_another, run
from scienceops.adapters.local.message_queue import SqliteMessageQueue
from scienceops.adapters.local.object_store import FolderObjectStore
from scienceops.ports.object_store import ObjectInfo


class LoggingStore:
    """A bucket whose client writes to the job's output while it puts."""

    def __init__(self, store: FolderObjectStore) -> None:
        self._store = store
        self.told: Callable[[str], None] = lambda _: None

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> object:
        self.told(f"putting {key}\n")
        return self._store.put(key, data, if_absent=if_absent)


def test_a_client_that_logs_while_the_log_is_shipped_does_not_stop_the_job(tmp_path: Path) -> None:
    store = LoggingStore(open_store(tmp_path))
    teller = Teller("run-1", store)  # type: ignore[arg-type]
    store.told = teller.write
    teller.write("hello\n")
    shipping = threading.Thread(target=teller.ship, daemon=True)
    shipping.start()
    shipping.join(10 * PATIENCE)
    assert not shipping.is_alive()
    teller.end("succeeded")
    log = open_store(tmp_path).get("jobs/run-1/log.txt").decode()
    assert log == "hello\nputting jobs/run-1/log.txt\n"


@pytest.mark.parametrize(
    ("action", "code", "state"), [("say", 0, "succeeded"), ("fail", 3, "failed")]
)
def test_what_was_told_first_of_an_end_holds(
    tmp_path: Path, action: str, code: int, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["job"])
    store = open_store(tmp_path)
    assert run("run-1", 60, "contract.stand_in_job", [action, str(code)], store) == code
    Teller("run-1", store).end("cancelled")
    assert json.loads(store.get("jobs/run-1/ended.json"))["state"] == state


def test_a_job_that_nobody_wants_when_it_begins_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(tmp_path)
    store.put("jobs/run-1/cancelled.json", b"{}")
    assert run("run-1", 60, "contract.stand_in_job", ["say", "hello"], store) == 143
    assert json.loads(store.get("jobs/run-1/ended.json"))["state"] == "cancelled"
    assert capsys.readouterr().out == ""


def test_the_first_execution_of_a_job_does_it_also_when_it_is_begun_afresh(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    asked = [is_done_by_another("run-1", store, name) for name in ("a", "b", "a")]
    assert asked == [False, True, False]


class LateStore(FolderObjectStore):
    """A bucket for which there is no token at first, and nothing in it afterwards."""

    refusals = 2
    asked = 0

    def stat(self, key: str) -> ObjectInfo:
        self.asked += 1
        if self.asked <= self.refusals:
            raise OSError("localhost:42356 refused the connection")
        return super().stat(key)


def test_a_job_begins_once_there_are_tokens_for_its_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run_job, "_LOOK_SECONDS", 0.0)
    store = LateStore(tmp_path / "bucket", SqliteMessageQueue(tmp_path / "platform.db"))
    await_bucket("run-1", store)
    assert store.asked == 3
    assert "42356 refused" in capsys.readouterr().err


def test_a_bucket_that_stays_away_is_left_for_the_job_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_job, "_LOOK_SECONDS", 0.0)
    store = LateStore(tmp_path / "bucket", SqliteMessageQueue(tmp_path / "platform.db"))
    store.refusals = 10**9
    await_bucket("run-1", store, patience_seconds=0.05)
    assert store.asked > 0
