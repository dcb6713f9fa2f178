"""FileSecretStore keeps the promises of the secret store, and shows secrets to nobody else."""

import stat
from pathlib import Path

import pytest
from contract.processes import race
from contract.secret_store import SecretStoreContract

from scienceops.adapters.local.secret_store import FileSecretStore


class TestFileSecretStore(SecretStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FileSecretStore:
        return FileSecretStore(tmp_path / "secrets")

    @pytest.fixture
    def another(self, tmp_path: Path) -> FileSecretStore:
        return FileSecretStore(tmp_path / "secrets")

    def test_nobody_else_can_read_a_secret(self, tmp_path: Path) -> None:
        (tmp_path / "secrets").mkdir(mode=0o755)
        store = FileSecretStore(tmp_path / "secrets")
        store.put("one", "1")
        store.put("two", "2", if_absent=True)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
        assert modes == {"secrets": 0o700, "one": 0o600, "two": 0o600}

    def test_of_racing_processes_the_first_wins_for_all(self, tmp_path: Path) -> None:
        values = race("put_secret", tmp_path, ["1", "2", "3", "4"])
        assert values == [[FileSecretStore(tmp_path / "secrets").get("gateway-secret")]] * 4
