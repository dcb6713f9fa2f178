"""What every ModelRegistry promises. Inherit it and give `registry`."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from scienceops.errors import RevisionConflict
from scienceops.ports.model_registry import EVERY, LedgerEntry, ModelRegistry, Record

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

BODY: dict[str, Any] = {
    "text": "é\n\U0001f600",
    "number": 0.1,
    "large": 2**53,
    "none": None,
    "empty": {"": [], "deep": [{"a": [1, 2.5, True]}]},
}


def entry(action: str = "did", *, at: datetime = NOON, **more: Any) -> LedgerEntry:
    return LedgerEntry("iris", at, "ann", action, **more)


class ModelRegistryContract:
    @pytest.fixture
    def registry(self) -> ModelRegistry:
        """A registry that holds nothing."""
        raise NotImplementedError

    def actions(self, entries: Sequence[LedgerEntry]) -> list[str]:
        return [found.action for found in entries]

    def test_an_empty_registry_holds_nothing(self, registry: ModelRegistry) -> None:
        assert registry.get("iris", "service") is None
        assert registry.scan("iris") == []
        assert registry.partitions() == []
        assert registry.ledger("iris") == []

    def test_a_record_is_read_back_as_it_was_put(self, registry: ModelRegistry) -> None:
        put = registry.put(Record("iris", "service", 0, BODY))
        assert put == Record("iris", "service", 1, BODY)
        assert registry.get("iris", "service") == put

    def test_each_put_is_one_revision_further(self, registry: ModelRegistry) -> None:
        record = Record("iris", "service", 0, {})
        for revision in (1, 2, 3):
            record = registry.put(record)
            assert record.revision == revision

    def test_a_put_replaces_the_whole_body(self, registry: ModelRegistry) -> None:
        registry.put(Record("iris", "service", 0, {"old": 1, "both": 1}))
        registry.put(Record("iris", "service", 1, {"both": 2}))
        found = registry.get("iris", "service")
        assert found is not None
        assert found.body == {"both": 2}

    def test_what_was_put_does_not_change_with_the_caller_s_dict(
        self, registry: ModelRegistry
    ) -> None:
        body = {"live": 1}
        registry.put(Record("iris", "service", 0, body))
        body["live"] = 2
        found = registry.get("iris", "service")
        assert found is not None
        assert found.body == {"live": 1}

    @pytest.mark.parametrize("expected", [0, 1, 3])
    def test_a_put_of_another_revision_is_refused_and_changes_nothing(
        self, registry: ModelRegistry, expected: int
    ) -> None:
        registry.put(Record("iris", "service", 0, {"n": 1}))
        second = registry.put(Record("iris", "service", 1, {"n": 2}))
        with pytest.raises(RevisionConflict, match="iris/service is at revision 2") as caught:
            registry.put(Record("iris", "service", expected, {"n": 3}), entry())
        assert (caught.value.expected, caught.value.found) == (expected, 2)
        assert registry.get("iris", "service") == second
        assert registry.ledger("iris") == []

    def test_a_record_that_never_was_has_no_later_revision(self, registry: ModelRegistry) -> None:
        with pytest.raises(RevisionConflict, match="revision 0, not 4"):
            registry.put(Record("iris", "service", 4, {}), entry())
        assert registry.get("iris", "service") is None

    def test_a_put_whose_entry_cannot_be_stored_stores_nothing(
        self, registry: ModelRegistry
    ) -> None:
        with pytest.raises((TypeError, ValueError)):
            registry.put(Record("iris", "service", 0, {}), entry(details={"not": object()}))
        assert registry.get("iris", "service") is None
        assert registry.ledger("iris") == []

    def test_the_same_key_in_another_partition_is_another_record(
        self, registry: ModelRegistry
    ) -> None:
        registry.put(Record("iris", "service", 0, {"n": 1}))
        registry.put(Record("wine", "service", 0, {"n": 2}))
        found = registry.get("iris", "service")
        assert found is not None
        assert found.body == {"n": 1}

    def test_partitions_are_sorted_and_told_once(self, registry: ModelRegistry) -> None:
        for partition, key in (("wine", "a"), ("_platform", "a"), ("iris", "a"), ("iris", "b")):
            registry.put(Record(partition, key, 0, {}))
        assert registry.partitions() == ["_platform", "iris", "wine"]

    @pytest.mark.parametrize(
        ("prefix", "wanted"),
        [
            ("", ["a_c", "ab", "version/1", "version/10", "version/2", "é"]),
            ("version/", ["version/1", "version/10", "version/2"]),
            ("version/1", ["version/1", "version/10"]),
            ("a_", ["a_c"]),
            ("%", []),
            ("V", []),
            ("é", ["é"]),
        ],
    )
    def test_a_scan_takes_any_prefix_and_keeps_key_order(
        self, registry: ModelRegistry, prefix: str, wanted: list[str]
    ) -> None:
        for key in ("version/2", "version/10", "version/1", "ab", "a_c", "é"):
            registry.put(Record("iris", key, 0, {"key": key}))
        registry.put(Record("wine", "version/3", 0, {}))
        found = registry.scan("iris", prefix)
        assert [record.key for record in found] == wanted
        assert all(record.body == {"key": record.key} for record in found)
        assert all((record.partition, record.revision) == ("iris", 1) for record in found)

    @pytest.mark.parametrize(
        ("prefix", "since", "wanted"),
        [
            ("run/", "run/0", ["run/001", "run/002", "run/010", "run/1000"]),
            ("run/", "run/002", ["run/002", "run/010", "run/1000"]),
            ("run/", "run/003", ["run/010", "run/1000"]),
            ("run/", "run/2", []),
            ("", "run/010", ["run/010", "run/1000", "run0", "service"]),
        ],
    )
    def test_a_scan_since_a_key_leaves_out_those_before_it(
        self, registry: ModelRegistry, prefix: str, since: str, wanted: list[str]
    ) -> None:
        for key in ("alert", "run", "run/001", "run/002", "run/010", "run/1000", "run0", "service"):
            registry.put(Record("iris", key, 0, {}))
        assert [found.key for found in registry.scan("iris", prefix, since=since)] == wanted

    def test_a_deleted_record_is_gone_and_its_entries_stay(self, registry: ModelRegistry) -> None:
        for key in ("a", "b/1", "b/2"):
            registry.put(Record("iris", key, 0, {}), entry(key))
        registry.delete(registry.put(Record("iris", "b/1", 1, {})))
        assert registry.get("iris", "b/1") is None
        assert [found.key for found in registry.scan("iris")] == ["a", "b/2"]
        assert self.actions(registry.ledger("iris")) == ["a", "b/1", "b/2"]
        assert registry.partitions() == ["iris"]

    def test_deleting_what_is_gone_does_nothing(self, registry: ModelRegistry) -> None:
        registry.delete(Record("iris", "a", 1, {}))
        put = registry.put(Record("iris", "a", 0, {}))
        for _ in range(2):
            registry.delete(put)
        assert registry.scan("iris") == []

    @pytest.mark.parametrize("expected", [0, 1, 3])
    def test_a_record_that_has_moved_on_is_not_deleted(
        self, registry: ModelRegistry, expected: int
    ) -> None:
        registry.put(Record("iris", "a", 0, {"n": 1}))
        second = registry.put(Record("iris", "a", 1, {"n": 2}))
        with pytest.raises(RevisionConflict, match="iris/a is at revision 2") as caught:
            registry.delete(Record("iris", "a", expected, {}))
        assert (caught.value.expected, caught.value.found) == (expected, 2)
        assert registry.get("iris", "a") == second

    def test_a_put_over_a_deleted_record_is_refused_and_a_new_one_begins_anew(
        self, registry: ModelRegistry
    ) -> None:
        read = registry.put(Record("iris", "a", 0, {}))
        registry.delete(read)
        with pytest.raises(RevisionConflict, match="revision 0, not 1"):
            registry.put(read)
        assert registry.put(Record("iris", "a", 0, {"n": 2})).revision == 1

    def test_of_writers_and_deleters_beside_each_other_nobody_wins_twice(
        self, registry: ModelRegistry
    ) -> None:
        read = [registry.put(Record("iris", str(n), 0, {"n": 1})) for n in range(10)]

        def delete(record: Record) -> bool:
            try:
                registry.delete(record)
            except RevisionConflict:
                return False
            return True

        def change(record: Record) -> bool:
            try:
                registry.put(Record("iris", record.key, record.revision, {"n": 2}))
            except RevisionConflict:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            deleted = pool.map(delete, read)
            changed = pool.map(change, read)
            outcomes = list(zip(deleted, changed, strict=True))
        left = {found.key: found.body for found in registry.scan("iris")}
        for record, (gone, kept) in zip(read, outcomes, strict=True):
            assert gone != kept
            assert left.get(record.key) == ({"n": 2} if kept else None)

    def test_an_entry_is_read_back_as_it_was_put_with_its_number(
        self, registry: ModelRegistry
    ) -> None:
        put = entry(why="since é", details={"version": 2, "deep": [None]})
        registry.put(Record("iris", "service", 0, {}), put)
        assert registry.ledger("iris") == [
            LedgerEntry("iris", NOON, "ann", "did", put.why, put.details, sequence=1)
        ]

    def test_an_entry_belongs_to_its_record_s_partition(self, registry: ModelRegistry) -> None:
        registry.put(Record("wine", "service", 0, {}), entry())
        assert registry.ledger("iris") == []
        assert [found.partition for found in registry.ledger("wine")] == ["wine"]

    def test_entries_are_numbered_within_their_partition(self, registry: ModelRegistry) -> None:
        for partition, key in (("iris", "a"), ("wine", "a"), ("iris", "b"), ("wine", "b")):
            registry.put(Record(partition, key, 0, {}), entry(key))
        registry.put(Record("iris", "c", 0, {}))
        assert [(e.action, e.sequence) for e in registry.ledger("iris")] == [("a", 1), ("b", 2)]
        assert [(e.action, e.sequence) for e in registry.ledger("wine")] == [("a", 1), ("b", 2)]

    def test_a_full_ledger_tells_the_newest_oldest_first(self, registry: ModelRegistry) -> None:
        for number in range(5):
            record = Record("iris", str(number), 0, {})
            registry.put(record, entry(str(number), at=NOON + timedelta(hours=number)))
        assert self.actions(registry.ledger("iris", most=2)) == ["3", "4"]
        assert self.actions(registry.ledger("iris", most=9)) == ["0", "1", "2", "3", "4"]

    def test_the_ledger_until_a_time_includes_that_time_in_any_zone(
        self, registry: ModelRegistry
    ) -> None:
        one_hour_east = timezone(timedelta(hours=1))
        microsecond = timedelta(microseconds=1)
        for number, at in enumerate((NOON, NOON + microsecond, NOON + 2 * microsecond)):
            record = Record("iris", str(number), 0, {})
            registry.put(record, entry(str(number), at=at.astimezone(one_hour_east)))
        until = NOON + microsecond
        assert self.actions(registry.ledger("iris", until=until)) == ["0", "1"]
        assert self.actions(registry.ledger("iris", until=until, most=1)) == ["1"]
        assert registry.ledger("iris", until=NOON - microsecond) == []
        assert registry.ledger("iris", until=NOON)[0].at == NOON

    def test_the_ledger_of_one_action_has_no_other_s_entries_however_many(
        self, registry: ModelRegistry
    ) -> None:
        for number in range(6):
            action = "version made live" if number in (0, 2, 3) else "service restarted"
            record = Record("iris", str(number), 0, {})
            registry.put(record, entry(action, at=NOON + timedelta(hours=number)))

        def told(**wanted: Any) -> list[int]:
            found = registry.ledger("iris", action="version made live", **wanted)
            return [e.sequence for e in found]

        assert told() == told(most=EVERY) == [1, 3, 4]
        assert told(most=1) == [4]
        assert told(until=NOON + timedelta(hours=2), most=1) == [3]
        assert registry.ledger("iris", action="version made") == []

    def test_writers_beside_each_other_lose_no_change(self, registry: ModelRegistry) -> None:
        def add_five(_: int) -> None:
            done = 0
            while done < 5:
                found = registry.get("iris", "counter") or Record("iris", "counter", 0, {"n": 0})
                body = {"n": found.body["n"] + 1}
                try:
                    registry.put(Record("iris", "counter", found.revision, body), entry())
                except RevisionConflict:
                    continue
                done += 1

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add_five, range(8)))
        found = registry.get("iris", "counter")
        assert found is not None
        assert (found.revision, found.body) == (40, {"n": 40})
        assert [e.sequence for e in registry.ledger("iris")] == list(range(1, 41))
