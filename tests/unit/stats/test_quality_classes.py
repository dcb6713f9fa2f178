"""Quality of a classification stays small and quick, whatever the labels are."""

import json

import numpy as np
import pytest

from scienceops.core.stats.category import OTHER
from scienceops.core.stats.quality import CLASSES_TOLD, PAIRS_DRAWN, Quality, measure_quality

NO_SHARES = np.zeros(0)


def confusion_of(found: dict[str, float]) -> dict[tuple[str, str], float]:
    prefix = "confusion:"
    return {
        tuple(json.loads(name.removeprefix(prefix))): rows
        for name, rows in found.items()
        if name.startswith(prefix)
    }


def some_rows(classes: int, rows: int = 5000) -> tuple[list[str], list[str]]:
    """Labels and answers, of which the first classes are the most frequent."""
    random = np.random.default_rng(3)
    actual = np.minimum(random.geometric(0.03, rows), classes)
    told = np.where(random.uniform(size=rows) < 0.8, actual, random.permutation(actual))
    return [f"c{n:03d}" for n in actual], [f"c{n:03d}" for n in told]


def test_labels_that_are_a_class_each_are_told_together():
    labels = [f"{n}.5" for n in range(PAIRS_DRAWN + 1)]
    found = measure_quality(
        Quality.of_classes([*labels, "a"], ["a"] * (len(labels) + 1), NO_SHARES)
    )
    pairs = confusion_of(found)
    assert len(found) < 100
    assert len(pairs) == CLASSES_TOLD + 1
    assert pairs["a", "a"] == 1
    assert pairs[OTHER, "a"] == len(labels) - (CLASSES_TOLD - 1)
    assert sum(pairs.values()) == found["labelled"] == len(labels) + 1
    assert found["f1"] == pytest.approx(0.0, abs=1e-3)
    assert "f1_low" not in found


def test_accuracy_and_f1_are_of_all_classes():
    actual, told = some_rows(classes=200)
    found = measure_quality(Quality.of_classes(actual, told, NO_SHARES))
    hits = [a == b for a, b in zip(actual, told, strict=True)]
    assert found["accuracy"] == np.mean(hits)
    scores = []
    for label in set(actual) | set(told):
        right = sum(a == b == label for a, b in zip(actual, told, strict=True))
        scores.append(2 * right / (actual.count(label) + told.count(label)))
    assert found["f1"] == pytest.approx(np.mean(scores))
    assert found["f1_low"] < found["f1"] < found["f1_high"]


def test_the_most_frequent_classes_are_told_apart_and_no_row_is_lost():
    actual, told = some_rows(classes=200)
    pairs = confusion_of(measure_quality(Quality.of_classes(actual, told, NO_SHARES)))
    counted = {label: actual.count(label) + told.count(label) for label in {*actual, *told}}
    most = sorted(counted, key=lambda label: (-counted[label], label))[:CLASSES_TOLD]
    assert {label for pair in pairs for label in pair} == {*most, OTHER}
    exact = list(zip(actual, told, strict=True)).count((most[0], most[0]))
    assert pairs[most[0], most[0]] == exact
    assert sum(pairs.values()) == len(actual)


def test_few_classes_have_no_pool():
    found = measure_quality(Quality.of_classes(["a", "b"], ["a", "a"], NO_SHARES))
    assert confusion_of(found) == {("a", "a"): 1.0, ("b", "a"): 1.0}


def test_rows_that_are_cut_anyhow_have_the_same_statistics():
    actual, told = some_rows(classes=200)
    whole = measure_quality(Quality.of_classes(actual, told, NO_SHARES))
    for size in (7, 1000):
        parts = [
            Quality.of_classes(actual[i : i + size], told[i : i + size], NO_SHARES)
            for i in range(0, len(actual), size)
        ]
        travelled = [Quality.from_json(part.to_json()) for part in reversed(parts)]
        assert measure_quality(Quality.merge(travelled)) == whole
