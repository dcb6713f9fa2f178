"""KeyVaultSecretStore keeps the promises of the secret store, on a stand-in for Key Vault."""

import pytest
from contract.secret_store import SecretStoreContract
from emulators.key_vault import StandInKeyVault

from scienceops.adapters.azure import blob_lock
from scienceops.adapters.azure.blob_lock import BlobLock
from scienceops.adapters.azure.clients import open_container
from scienceops.adapters.azure.secret_store import KeyVaultSecretStore
from scienceops.azure_settings import AzureSettings
from scienceops.errors import SecretNotFound, Unavailable


class TestKeyVaultSecretStoreOnAStandIn(SecretStoreContract):
    @pytest.fixture
    def vault(self) -> StandInKeyVault:
        return StandInKeyVault()

    @pytest.fixture
    def lock(self, azure_settings: AzureSettings) -> BlobLock:
        return BlobLock(open_container(azure_settings))

    @pytest.fixture
    def store(self, vault: StandInKeyVault, lock: BlobLock) -> KeyVaultSecretStore:
        return KeyVaultSecretStore(vault.client(), lock, polling_seconds=0)

    @pytest.fixture
    def another(self, vault: StandInKeyVault, azure_settings: AzureSettings) -> KeyVaultSecretStore:
        lock = BlobLock(open_container(azure_settings))
        return KeyVaultSecretStore(vault.client(), lock, polling_seconds=0)

    def test_names_that_differ_in_dots_and_hyphens_stay_apart(
        self, store: KeyVaultSecretStore, vault: StandInKeyVault
    ) -> None:
        for name in ("a.b", "a-b", "ab"):
            store.put(name, name)
        assert {name: store.get(name) for name in ("a.b", "a-b", "ab")} == {
            "a.b": "a.b",
            "a-b": "a-b",
            "ab": "ab",
        }
        assert sorted(vault.versions) == ["a--b", "a-b", "ab"]

    def test_what_somebody_deleted_in_the_vault_is_gone_and_can_be_put_again(
        self, store: KeyVaultSecretStore, vault: StandInKeyVault
    ) -> None:
        store.put("owner-token", "1")
        vault.client().begin_delete_secret("owner-token", _polling_interval=0).wait()
        with pytest.raises(SecretNotFound):
            store.get("owner-token")
        assert store.put("owner-token", "2", if_absent=True) == "2"
        assert store.get("owner-token") == "2"

    def test_a_put_if_absent_of_what_is_there_takes_no_lock_and_writes_no_version(
        self, store: KeyVaultSecretStore, vault: StandInKeyVault, lock: BlobLock
    ) -> None:
        store.put("owner-token", "1")
        with lock.hold("secret-owner-token"):
            assert store.put("owner-token", "2", if_absent=True) == "1"
        assert len(vault.versions["owner-token"]) == 1

    def test_who_waits_too_long_for_a_lock_is_told_which(
        self, store: KeyVaultSecretStore, lock: BlobLock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(blob_lock, "PATIENCE_SECONDS", 0)
        with (
            lock.hold("secret-owner-token"),
            pytest.raises(Unavailable, match="'secret-owner-token'"),
        ):
            store.put("owner-token", "1", if_absent=True)
        assert store.put("owner-token", "1", if_absent=True) == "1"
