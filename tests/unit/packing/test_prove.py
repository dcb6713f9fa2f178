"""The proof of a compiled model, on models that refuse rows."""

import pytest

from scienceops.compiling import CannotCompile
from scienceops.core.schema import Column, Schema
from scienceops.core.table import Table
from scienceops.errors import ModelFailed
from scienceops.packing.prove import REFUSED_ROWS, prove_on
from scienceops.running import Runner, Scored

SCHEMA = Schema((Column("x", "integer", minimum=0, maximum=9999),))


class Refusing(Runner):
    """Says each row's number, but for rows that it refuses, and any call with one of them."""

    def __init__(self, refuses) -> None:
        super().__init__(SCHEMA)
        self._refuses = refuses
        self.calls = 0

    def predict_table(self, table: Table) -> Scored:
        self.calls += 1
        [values] = table.columns
        if any(map(self._refuses, values)):
            raise ModelFailed("not this one")
        return Scored([int(value) for value in values])


def rows(count):
    return Table([list(range(count))], count)


def is_odd(value):
    return value % 2 == 1


def test_rows_that_both_refuse_are_proved_without_asking_for_each():
    compiled, original = Refusing(is_odd), Refusing(is_odd)
    proof = prove_on(compiled, original, rows(4000))
    assert proof.largest_difference == 0.0
    # Every row that is taken, and as many of the others as are asked for one by one.
    assert 2000 + REFUSED_ROWS <= proof.rows <= 2000 + 2 * REFUSED_ROWS
    assert original.calls < 1000


def test_one_row_that_the_original_refuses_and_the_compiled_model_takes_is_found():
    with pytest.raises(CannotCompile, match=r"takes rows that it does not otherwise: \[1234\]"):
        prove_on(
            Refusing(is_odd), Refusing(lambda value: is_odd(value) or value == 1234), rows(4000)
        )


def test_rows_that_the_compiled_model_alone_refuses_are_found():
    with pytest.raises(CannotCompile, match="refuses rows that it does not otherwise"):
        prove_on(Refusing(is_odd), Refusing(lambda _: False), rows(4000))


def test_a_model_that_refuses_every_row_is_proved_to():
    proof = prove_on(Refusing(lambda _: True), Refusing(lambda _: True), rows(50))
    assert (proof.rows, proof.largest_difference) == (50, 0.0)
