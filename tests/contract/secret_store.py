"""What every SecretStore promises. Inherit it, give `store` and `another`."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from scienceops.errors import BadInput, SecretNotFound
from scienceops.ports.secret_store import SecretStore

BAD_NAMES = ["", ".", "..", "../x", "a/b", "A", "1a", "a b", "a..b", "a--b", "a.", "-a", "a" * 64]


class SecretStoreContract:
    @pytest.fixture
    def store(self) -> SecretStore:
        """A store that holds nothing."""
        raise NotImplementedError

    @pytest.fixture
    def another(self) -> SecretStore:
        """A second client of the same store."""
        raise NotImplementedError

    @pytest.mark.parametrize("value", ["", "é\r\n\n\U0001f600 ", "x" * 24 * 1024], ids=range(3))
    def test_a_value_is_read_back_as_it_was_put(
        self, store: SecretStore, another: SecretStore, value: str
    ) -> None:
        assert store.put("gateway-secret", value) == value
        assert another.get("gateway-secret") == value

    def test_a_missing_secret_is_named(self, store: SecretStore) -> None:
        with pytest.raises(SecretNotFound, match="'gateway-secret'"):
            store.get("gateway-secret")

    def test_a_put_replaces_the_value(self, store: SecretStore, another: SecretStore) -> None:
        store.put("keys.iris", "old")
        another.put("keys.iris", "new")
        assert store.get("keys.iris") == "new"

    def test_a_put_if_absent_returns_the_value_in_force(
        self, store: SecretStore, another: SecretStore
    ) -> None:
        assert store.put("gateway-secret", "first", if_absent=True) == "first"
        assert another.put("gateway-secret", "second", if_absent=True) == "first"
        assert store.get("gateway-secret") == "first"

    def test_of_writers_beside_each_other_the_first_wins_for_all(
        self, store: SecretStore, another: SecretStore
    ) -> None:
        def put(number: int) -> str:
            return (store, another)[number % 2].put("a.b-c", str(number), if_absent=True)

        with ThreadPoolExecutor(8) as pool:
            values = set(pool.map(put, range(8)))
        assert values == {store.get("a.b-c")}

    def test_a_value_over_24_kib_is_refused(self, store: SecretStore) -> None:
        with pytest.raises(BadInput, match="24576 bytes"):
            store.put("gateway-secret", "é" * (12 * 1024) + "x")

    @pytest.mark.parametrize("name", BAD_NAMES)
    def test_a_name_that_not_every_platform_takes_is_refused(
        self, store: SecretStore, name: str
    ) -> None:
        for use in (lambda: store.put(name, "1"), lambda: store.get(name)):
            with pytest.raises(BadInput, match="secret's name"):
                use()
