"""A rollback goes to the version that its asker saw, or nowhere."""

from datetime import UTC, datetime

import pytest

from scienceops.errors import Conflict
from scienceops.ports import Ports
from scienceops.usecases.promote import roll_back
from scienceops.usecases.records import Stored, number_key, read_service, read_version, save

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def runtime() -> object:
    return object()


@pytest.fixture(autouse=True)
def _back_on_one(ports: Ports) -> None:
    """Somebody went back from version 2 to version 1."""
    first = read_version(ports.registry, "iris", 1).value
    second = first.model_copy(update={"number": 2})
    save(ports.registry, Stored(second, "iris", number_key("version", 2)), second, at=NOW)
    stored = read_service(ports.registry, "iris")
    save(ports.registry, stored, stored.value.model_copy(update={"previous": 2}), at=NOW)


def test_a_second_press_of_the_same_rollback_does_not_take_it_back(ports):
    with pytest.raises(Conflict, match="1 of 'iris' is live by now, and before it 2 was, not 1"):
        roll_back("iris", "ann", "", ports, lambda: NOW, to=1)
    assert read_service(ports.registry, "iris").value.promotion is None


def test_who_sees_what_is_so_goes_one_step_back(ports):
    assert roll_back("iris", "ann", "", ports, lambda: NOW, to=2).version == 2


def test_whoever_comes_while_another_goes_back_is_told_of_that(ports):
    roll_back("iris", "ann", "", ports, lambda: NOW, to=2)
    with pytest.raises(Conflict, match="ann is making version 2 of 'iris' live"):
        roll_back("iris", "eva", "", ports, lambda: NOW, to=1)
