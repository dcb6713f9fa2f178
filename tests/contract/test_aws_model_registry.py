"""DynamoModelRegistry keeps the promises of the registry."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from contract.model_registry import ModelRegistryContract, entry
from emulators.account import Account

from scienceops.adapters.aws.clients import LazyClient
from scienceops.adapters.aws.model_registry import DynamoModelRegistry
from scienceops.errors import BadInput
from scienceops.ports.model_registry import Record


class Lossy:
    """A client whose first transaction is carried out, and its answer lost: nothing but a refusal
    of the second try, under another token, comes back."""

    def __init__(self, dynamodb: LazyClient) -> None:
        self._dynamodb = dynamodb
        self._lost = False

    def transact_write_items(self, **request: Any) -> Any:
        if not self._lost:
            self._lost = True
            self._dynamodb.transact_write_items(**request)
        return self._dynamodb.transact_write_items(**request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dynamodb, name)


class TestDynamoModelRegistry(ModelRegistryContract):
    @pytest.fixture
    def registry(self, account: Account) -> DynamoModelRegistry:
        account.make_tables()
        return DynamoModelRegistry(LazyClient("dynamodb"), f"{account.prefix}registry")

    def test_writers_of_many_records_number_the_ledger_without_gaps(
        self, registry: DynamoModelRegistry
    ) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(
                pool.map(
                    lambda n: registry.put(Record("iris", f"v/{n}", 0, {}), entry()), range(40)
                )
            )
        assert [e.sequence for e in registry.ledger("iris")] == list(range(1, 41))
        assert registry.partitions() == ["iris"]

    def test_a_put_whose_answer_was_lost_is_no_conflict(
        self, registry: DynamoModelRegistry, account: Account
    ) -> None:
        lossy = DynamoModelRegistry(Lossy(LazyClient("dynamodb")), f"{account.prefix}registry")
        assert lossy.put(Record("iris", "service", 0, {"n": 1}), entry()).revision == 1
        assert [e.sequence for e in registry.ledger("iris")] == [1]

    def test_a_body_that_no_item_can_hold_is_refused(self, registry: DynamoModelRegistry) -> None:
        registry.put(Record("iris", "long", 0, {"text": "x" * 389_000}))
        with pytest.raises(BadInput, match="put the content in the bucket"):
            registry.put(Record("iris", "longer", 0, {"text": "x" * 390_000}))
        with pytest.raises(BadInput, match="ledger entry 'did' of iris"):
            registry.put(Record("iris", "a", 0, {}), entry(details={"text": "x" * 390_000}))

    def test_a_table_that_is_not_there_is_told_as_aws_tells_it(self, account: Account) -> None:
        registry = DynamoModelRegistry(LazyClient("dynamodb"), f"{account.prefix}other")
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            registry.put(Record("iris", "a", 0, {}))
