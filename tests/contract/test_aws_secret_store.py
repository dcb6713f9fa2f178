"""SecretsManagerStore keeps the promises of the secret store."""

import pytest
from contract.secret_store import SecretStoreContract
from emulators.account import Account

from scienceops.adapters.aws.clients import LazyClient
from scienceops.adapters.aws.secret_store import SecretsManagerStore


class TestSecretsManagerStore(SecretStoreContract):
    @pytest.fixture
    def store(self, account: Account) -> SecretsManagerStore:
        return SecretsManagerStore(LazyClient("secretsmanager"), account.prefix)

    @pytest.fixture
    def another(self, account: Account) -> SecretsManagerStore:
        return SecretsManagerStore(LazyClient("secretsmanager"), account.prefix)

    def test_a_value_that_was_put_in_by_hand_is_read_as_it_is(
        self, account: Account, store: SecretsManagerStore
    ) -> None:
        account.client("secretsmanager").create_secret(
            Name=f"{account.prefix}gateway-secret", SecretString="by hand"
        )
        assert store.get("gateway-secret") == "by hand"

    def test_another_installation_s_secrets_are_not_seen(
        self, account: Account, store: SecretsManagerStore
    ) -> None:
        store.put("gateway-secret", "1")
        other = SecretsManagerStore(LazyClient("secretsmanager"), f"{account.prefix}other-")
        assert other.put("gateway-secret", "2", if_absent=True) == "2"
