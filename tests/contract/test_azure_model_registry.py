"""TableModelRegistry keeps the promises of the registry, also when replies are lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, ServiceRequestError
from azure.core.pipeline.transport import RequestsTransport
from contract.model_registry import ModelRegistryContract

from scienceops.adapters.azure.clients import open_table
from scienceops.adapters.azure.model_registry import TableModelRegistry
from scienceops.adapters.azure.table_entities import LARGEST_CHARACTERS, PIECE_CHARACTERS
from scienceops.azure_settings import AzureSettings
from scienceops.errors import BadInput, RevisionConflict
from scienceops.ports.model_registry import LedgerEntry, Record

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class TestTableModelRegistry(ModelRegistryContract):
    @pytest.fixture
    def registry(self, azure_settings: AzureSettings) -> TableModelRegistry:
        return TableModelRegistry(open_table(azure_settings))

    @pytest.mark.parametrize("size", [PIECE_CHARACTERS, 10 * PIECE_CHARACTERS + 1])
    def test_a_body_larger_than_a_property_is_read_back(
        self, registry: TableModelRegistry, size: int
    ) -> None:
        body = {"requirements": "x" * size}
        entry = LedgerEntry("iris", NOON, "ann", "did", details=body)
        registry.put(Record("iris", "version/1", 0, body), entry)
        registry.put(Record("iris", "version/1", 1, {"now": "small"}))
        registry.put(Record("iris", "version/2", 0, body))
        assert [r.body for r in registry.scan("iris")] == [{"now": "small"}, body]
        assert registry.ledger("iris")[0].details == body

    def test_a_body_larger_than_an_entity_is_refused_saying_what_to_do(
        self, registry: TableModelRegistry
    ) -> None:
        with pytest.raises(BadInput, match=r"record iris/a is .* put the content in the bucket"):
            registry.put(Record("iris", "a", 0, {"text": "x" * LARGEST_CHARACTERS}))
        assert registry.partitions() == []

    def test_a_record_that_is_deleted_once_it_was_found_is_a_conflict(
        self,
        registry: TableModelRegistry,
        azure_settings: AzureSettings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        read = registry.put(Record("iris", "a", 0, {}))
        find = registry._find

        def find_and_lose(partition: str, row_key: str) -> Any:
            found = find(partition, row_key)
            if found is not None:
                TableModelRegistry(open_table(azure_settings)).delete(read)
            return found

        monkeypatch.setattr(registry, "_find", find_and_lose)
        with pytest.raises(RevisionConflict, match="revision 0, not 1"):
            registry.put(read)

    def test_writers_of_one_partition_lose_no_change_and_no_entry(
        self, registry: TableModelRegistry, azure_settings: AzureSettings
    ) -> None:
        def write(actor: str) -> None:
            mine = TableModelRegistry(open_table(azure_settings))
            for number in range(5):
                done = False
                while not done:
                    found = mine.get("iris", "counter") or Record("iris", "counter", 0, {"n": 0})
                    body = {"n": found.body["n"] + 1}
                    entry = LedgerEntry("iris", NOON, actor, f"counted {number}")
                    try:
                        mine.put(Record("iris", "counter", found.revision, body), entry)
                        done = True
                    except RevisionConflict:
                        continue
                own = LedgerEntry("iris", NOON, actor, "noted")
                mine.put(Record("iris", f"{actor}/{number}", 0, {}), own)

        with ThreadPoolExecutor(3) as pool:
            list(pool.map(write, ("ann", "bob", "cas")))
        found = registry.get("iris", "counter")
        assert found is not None
        assert found.body == {"n": 15}
        entries = registry.ledger("iris")
        assert [e.sequence for e in entries] == list(range(1, 31))
        assert len({(e.actor, e.action) for e in entries if e.action != "noted"}) == 15

    def test_a_writer_whose_reply_was_lost_and_who_asks_again_has_written_once(
        self, registry: TableModelRegistry, azure_settings: AzureSettings
    ) -> None:
        lost: list[str] = []

        class LosingTransport(RequestsTransport):
            """Answers 503 to the first transaction, after it was carried out."""

            def send(self, request: Any, **options: Any) -> Any:
                response = super().send(request, **options)
                if request.url.endswith("$batch") and not lost:
                    lost.append(request.url)
                    response.status_code = 503
                return response

        table = open_table(azure_settings, transport=LosingTransport(), retry_backoff_factor=0)
        entry = LedgerEntry("iris", NOON, "ann", "did")
        put = TableModelRegistry(table).put(Record("iris", "service", 0, {"n": 1}), entry)
        assert lost
        assert put == registry.get("iris", "service") == Record("iris", "service", 1, {"n": 1})
        assert len(registry.ledger("iris")) == 1

    def test_a_writer_that_died_before_its_first_record_leaves_no_partition(
        self, registry: TableModelRegistry, azure_settings: AzureSettings
    ) -> None:
        class DyingTransport(RequestsTransport):
            """Refuses every transaction."""

            def send(self, request: Any, **options: Any) -> Any:
                if request.url.endswith("$batch"):
                    raise ServiceRequestError("the process died")
                return super().send(request, **options)

        dying = open_table(azure_settings, transport=DyingTransport(), retry_total=0)
        with pytest.raises(ServiceRequestError):
            TableModelRegistry(dying).put(Record("iris", "service", 0, {}))
        assert registry.partitions() == []
        registry.put(Record("iris", "service", 0, {}))
        assert registry.partitions() == ["iris"]

    def test_a_table_that_is_not_there_is_no_empty_registry(
        self, azure_settings: AzureSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("scienceops.adapters.azure.clients.REGISTRY_TABLE", "nowhere")
        lost = TableModelRegistry(open_table(azure_settings))
        with pytest.raises(ResourceNotFoundError):
            lost.get("iris", "service")
        with pytest.raises(HttpResponseError):
            lost.put(Record("iris", "service", 0, {}))
