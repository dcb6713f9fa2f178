"""A job tells of itself in the bucket, whatever the bucket's own client writes meanwhile."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from contract.racers import open_store

from scienceops.adapters.azure.run_job import Teller, run
from scienceops.adapters.local.object_store import FolderObjectStore


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
    shipping.join(10)
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
