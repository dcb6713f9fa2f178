"""Compiled models beside their originals: the same labels, numbers, shares and refusals."""

import warnings

import numpy as np
import pytest
from parity_models import (
    CASES,
    boosted,
    both,
    fitted,
    flowers,
    name_of,
    patients,
    people,
    texts,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import (
    LogisticRegression,
)
from sklearn.pipeline import make_pipeline

from scienceops.compiled import Program, write_program
from scienceops.compiled.forest import Forest
from scienceops.compiled.tree_walk import TreeWalk
from scienceops.compiling import compile_model
from scienceops.packing.infer_schema import infer_schema
from scienceops.packing.proof_rows import made_up_rows
from scienceops.packing.prove import prove, prove_on

ROWS = 1500


@pytest.mark.parametrize(("model", "data"), CASES, ids=name_of)
def test_a_compiled_model_answers_as_its_original(model, data, tmp_path):
    features, labels = data()
    model = fitted(model, features, labels)
    compiled, original, frame = both(model, features, tmp_path)
    with warnings.catch_warnings():
        # What lies far out overflows in the original, too.
        warnings.simplefilter("ignore")
        proof = prove(compiled, original, frame)
        more = prove_on(compiled, original, made_up_rows(frame, original.schema, ROWS, seed=7))
    assert proof.rows > ROWS
    assert max(proof.largest_difference, more.largest_difference) <= 1e-12
    assert proof.independent_rows


def forest_of(program: Program) -> Forest:
    pending = [program.root]
    while pending:
        step = pending.pop()
        if isinstance(step, Forest):
            return step
        pending += [p for p in vars(step).values() if hasattr(p, "__dataclass_fields__")]
        pending += getattr(step, "steps", [])
    raise AssertionError("no forest")


@pytest.mark.parametrize(
    "model",
    [RandomForestClassifier(10, random_state=0), HistGradientBoostingClassifier(max_iter=10)],
    ids=name_of,
)
def test_both_ways_through_a_forest_find_the_same_leaves_on_and_beside_each_threshold(model):
    features, labels = flowers()
    program = compile_model(model.fit(features, labels), infer_schema(features))
    forest = forest_of(program)
    masks = forest._walk
    thresholds = forest.threshold[forest.feature >= 0]
    columns = forest.feature[forest.feature >= 0]
    rows = []
    for column, threshold in zip(columns, thresholds, strict=True):
        for value in (
            threshold,
            np.nextafter(threshold, 9e9),
            np.nextafter(threshold, -9e9),
            np.nan,
        ):
            row = features.to_numpy()[len(rows) % len(features)].copy()
            row[column] = value
            rows.append(row)
    walk = TreeWalk(masks._trees)
    rows = np.array(rows)
    nodes = walk.nodes.take(walk.places(rows))
    assert (masks.nodes.take(masks.places(rows)) == nodes).all()
    singles = [masks.nodes.take(masks.places_of(row.tolist())) for row in rows]
    assert (np.stack(singles, axis=1) == nodes).all()


def test_trees_with_more_leaves_than_bits_are_walked(tmp_path):
    features, target = patients()
    model = RandomForestRegressor(5, random_state=0).fit(features, target)
    compiled, original, frame = both(model, features, tmp_path)
    assert isinstance(forest_of(compiled._program)._walk, TreeWalk)
    assert prove(compiled, original, frame).largest_difference == 0.0


def test_a_category_that_is_a_number_already_is_not_looked_up_again(tmp_path):
    features, labels = people()
    model = boosted(HistGradientBoostingClassifier)
    compiled, original, frame = both(fitted(model, features, labels), features, tmp_path)
    assert repr(compiled._program.root).count("Codes(") == 1
    assert prove(compiled, original, frame).largest_difference == 0.0


def test_many_rows_go_in_parts_with_the_same_answers():
    features, labels = texts()
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(features, labels)
    schema = infer_schema(features.to_frame())
    program = compile_model(model, schema)
    narrow = Program(program.root, program.classes, width=1_000_000)
    table = made_up_rows(features.to_frame(), schema, 50)
    said, shares = narrow(table)
    expected, expected_shares = program(table)
    assert said == expected
    assert (shares == expected_shares).all()


def test_the_same_model_makes_the_same_bytes():
    features, labels = flowers()
    model = RandomForestClassifier(5, random_state=0).fit(features, labels)
    schema = infer_schema(features)
    first, second = (write_program(compile_model(model, schema)) for _ in range(2))
    assert first == second
