"""SqliteModelRegistry keeps the promises of the registry, also when processes race and die."""

import time
from pathlib import Path

import pytest
from contract.model_registry import ModelRegistryContract
from contract.processes import race, start_racer, tell_to_go
from contract.racers import PUTS
from contract.waiting import PATIENCE

from scienceops.adapters.local.model_registry import SqliteModelRegistry


class TestSqliteModelRegistry(ModelRegistryContract):
    @pytest.fixture
    def registry(self, tmp_path: Path) -> SqliteModelRegistry:
        return SqliteModelRegistry(tmp_path / "platform.db")

    def test_racing_processes_lose_no_change(
        self, registry: SqliteModelRegistry, tmp_path: Path
    ) -> None:
        race("increment", tmp_path, ["ann", "bob", "cas"])
        found = registry.get("iris", "counter")
        assert found is not None
        assert found.body == {"value": 3 * PUTS}
        entries = registry.ledger("iris")
        assert [e.sequence for e in entries] == list(range(1, 3 * PUTS + 1))
        assert sorted({e.actor for e in entries}) == ["ann", "bob", "cas"]

    def test_a_writer_killed_at_any_moment_leaves_record_and_ledger_in_step(
        self, registry: SqliteModelRegistry, tmp_path: Path
    ) -> None:
        for revisions in (5, 17):
            racer = start_racer("increment_for_ever", tmp_path, "ann")
            tell_to_go(racer)
            end = time.monotonic() + 30 * PATIENCE
            while len(registry.ledger("iris")) < revisions and time.monotonic() < end:
                time.sleep(0.001)
            racer.kill()
            racer.communicate()
            found = registry.get("iris", "counter")
            assert found is not None
            assert found.body["value"] == found.revision == len(registry.ledger("iris"))
            assert found.revision >= revisions
