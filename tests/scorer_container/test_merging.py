"""Calls that are answered together: the same answers, errors and captures as one by one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from contract.waiting import PATIENCE
from models import iris_rows, iris_table
from scorer_process import Scorer
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from scienceops import pack
from scienceops.core.schema import Column, Schema
from scienceops.core.table import Table
from scienceops.errors import ModelFailed
from scienceops.running import Runner, Scored
from scienceops.running.estimator_runner import EstimatorRunner
from scorer_container.merging import MOST_ROWS_OF_ONE, MergingRunner

ONE = Schema((Column("x", "number"),))
IRIS = iris_table()
FEATURES, SPECIES = IRIS.drop(columns="species").to_numpy(), IRIS["species"].to_numpy()
FOUR = Schema(tuple(Column(name, "number") for name in IRIS.columns[:4]))


class Gated(Runner):
    """Doubles its rows once the gate is open, and remembers how many rows came at a time."""

    def __init__(self):
        super().__init__(ONE)
        self.gate = threading.Event()
        self.began = threading.Event()
        self.counts = []

    def predict_table(self, table):
        self.counts.append(table.count)
        self.began.set()
        assert self.gate.wait(20 * PATIENCE)
        if -1.0 in table.columns[0]:
            raise ModelFailed("the model does not like -1")
        if -2.0 in table.columns[0]:
            raise MemoryError
        return Scored([2 * value for value in table.columns[0]])


def gathered(runner, gated, tables):
    """The outcome of the first call, and of others that came while it was computed."""

    def ask(table):
        try:
            return runner.predict_table(table).predictions
        except (ModelFailed, MemoryError) as error:
            return type(error)

    with ThreadPoolExecutor(len(tables)) as pool:
        first = pool.submit(ask, tables[0])
        assert gated.began.wait(20 * PATIENCE)
        others = [pool.submit(ask, table) for table in tables[1:]]
        while len(runner._waiting) < len(others):
            threading.Event().wait(0.001)
        gated.gate.set()
        return [future.result(20 * PATIENCE) for future in (first, *others)]


def of(*values):
    return Table([list(values)], len(values))


def test_a_call_that_comes_alone_is_answered_at_once():
    gated = Gated()
    gated.gate.set()
    runner = MergingRunner(gated)
    assert runner.predict_table(of(1.0)).predictions == [2.0]
    assert runner.predict_table(of(2.0, 3.0)).predictions == [4.0, 6.0]
    assert gated.counts == [1, 2]


def test_a_call_lets_those_come_that_are_on_their_way_and_no_others(monkeypatch):
    gated = Gated()
    gated.gate.set()
    runner = MergingRunner(gated, open_calls=[None, None, None])
    others = []
    with ThreadPoolExecutor(1) as pool:

        def another_comes(_seconds):
            if not others:
                others.append(pool.submit(runner.predict_table, of(2.0)))
                while not runner._waiting:
                    threading.Event().wait(0.001)

        # Of this module alone: threads of other tests may sleep, too.
        clock = SimpleNamespace(sleep=another_comes)
        monkeypatch.setattr("scorer_container.merging.time", clock)
        # There is a third one, which does not come: nobody waits for it.
        assert runner.predict_table(of(1.0)).predictions == [2.0]
        assert others[0].result(20 * PATIENCE).predictions == [4.0]
    assert gated.counts == [2]


def test_calls_that_come_meanwhile_are_answered_together_each_with_its_own():
    gated = Gated()
    tables = [of(0.0), of(1.0), of(2.0, 3.0), of(4.0)]
    answers = gathered(MergingRunner(gated), gated, tables)
    assert answers == [[0.0], [2.0], [4.0, 6.0], [8.0]]
    assert gated.counts == [1, 4]


@pytest.mark.parametrize(("value", "error"), [(-1.0, ModelFailed), (-2.0, MemoryError)])
def test_an_error_stays_with_the_call_that_caused_it(value, error):
    gated = Gated()
    answers = gathered(MergingRunner(gated), gated, [of(0.0), of(1.0), of(value), of(3.0)])
    assert answers == [[0.0], [2.0], error, [6.0]]
    runner = MergingRunner(gated)
    assert runner.predict_table(of(5.0)).predictions == [10.0]


def test_an_error_of_a_call_alone_leaves_the_way_free():
    gated = Gated()
    gated.gate.set()
    runner = MergingRunner(gated)
    with pytest.raises(ModelFailed):
        runner.predict_table(of(-1.0))
    assert runner.predict_table(of(1.0)).predictions == [2.0]


def test_a_call_of_many_rows_goes_by_itself():
    gated = Gated()
    many = of(*map(float, range(MOST_ROWS_OF_ONE + 1)))
    runner = MergingRunner(gated)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(runner.predict_table, of(1.0))
        assert gated.began.wait(20 * PATIENCE)
        other = pool.submit(runner.predict_table, many)
        while len(gated.counts) < 2:
            threading.Event().wait(0.001)
        gated.gate.set()
        assert len(other.result(20 * PATIENCE).predictions) == many.count
        assert first.result(20 * PATIENCE).predictions == [2.0]


@pytest.mark.parametrize(
    "model",
    [
        KNeighborsClassifier(),
        GaussianNB(),
        SVC(),
        MLPClassifier(max_iter=50, random_state=0),
        GaussianProcessClassifier(),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_answers_are_those_of_calls_one_by_one(model):
    runner = EstimatorRunner(model.fit(FEATURES, SPECIES), FOUR, "array")
    tables = [Table([[value] for value in row], 1) for row in FEATURES.tolist()]
    alone = [runner.predict_table(table) for table in tables]
    merging = MergingRunner(runner)
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(merging.predict_table, tables))
    assert [s.predictions for s in together] == [s.predictions for s in alone]
    if alone[0].probabilities is not None:
        shares = [[list(s.probabilities[0].values()) for s in part] for part in (alone, together)]
        assert np.allclose(*shares, rtol=0, atol=1e-12)


def test_a_scorer_merges_calls_and_captures_each(tmp_path):
    model = KNeighborsRegressor().fit(FEATURES, np.arange(150.0))
    sample = IRIS.drop(columns="species").head(5)
    scorer = Scorer(tmp_path, pack(model, sample, name="iris", path=tmp_path / "knn.zip")).start()
    rows = iris_rows()
    try:
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda row: scorer.score([row]), rows))
            odd = pool.submit(scorer.score, [{**rows[0], "more": 1}])
            assert odd.result()[0] == 422
    finally:
        assert scorer.stop() == 0
    expected = model.predict(FEATURES)
    assert [answer["predictions"] for _, answer in answers] == [[value] for value in expected]
    captured = {row["request_id"]: row["prediction"] for row in scorer.captured()}
    assert captured == {answer["request_id"]: answer["predictions"][0] for _, answer in answers}
