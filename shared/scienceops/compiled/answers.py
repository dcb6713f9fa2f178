"""Answer steps: scores become predictions, by the rule of each kind of model."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from scienceops.compiled.step import Array, Classified, OneClassified, Row, Step, step

#: Up to so many numbers of a row numpy adds one after another, more in pairs.
_ADDED_IN_ORDER = 7

Rule = Literal["softmax", "sigmoid", "one vs rest", "huber", "none"]


def softmax(scores: Array) -> Array:
    """exp(s) / sum(exp(s)) per row (n, k), shifted by the largest so that nothing overflows."""
    if scores.shape[1] > _ADDED_IN_ORDER:
        shares: Array = scores - np.maximum.reduce(scores, axis=1, keepdims=True)
        np.exp(shares, out=shares)
        shares /= np.add.reduce(shares, axis=1, keepdims=True)
        return shares
    # By class, for numpy goes through a few long rows in less time than through many short ones.
    by_class = scores.T.copy(order="C")
    by_class -= np.maximum.reduce(by_class)
    np.exp(by_class, out=by_class)
    by_class /= np.add.reduce(by_class)
    return by_class.T


def softmax_of_row(scores: list[float]) -> list[float]:
    """The same of one row."""
    if len(scores) > _ADDED_IN_ORDER:
        shares: list[float] = softmax(np.array([scores]))[0].tolist()
        return shares
    largest = max(scores)
    # Python's own exp rounds otherwise than numpy's.
    powers: list[float] = np.exp([score - largest for score in scores]).tolist()
    total = 0.0
    for power in powers:
        total += power
    return [power / total for power in powers]


def sigmoid(scores: Array) -> Array:
    """1 / (1 + exp(-s))."""
    shares: Array = 1.0 / (1.0 + np.exp(-scores))
    return shares


def sigmoid_of_one(score: float) -> float:
    """The same of one number."""
    return 1.0 / (1.0 + float(np.exp(-score)))


def _place_of_largest(numbers: list[float]) -> int:
    """Of the first NaN, if there is one, as numpy has it."""
    # NaN is part of every sum that it is in.
    return int(np.argmax(numbers)) if math.isnan(sum(numbers)) else numbers.index(max(numbers))


@step("value")
@dataclass(frozen=True, eq=False)
class Value(Step):
    """A regression's answer: the only score of each row, through the inverse of the link."""

    scores: Step
    link: Literal["identity", "exp", "sigmoid"] = "identity"

    def __call__(self, given: Any) -> Array:
        """Array (rows,)."""
        values: Array = self.scores(given)[:, 0]
        if self.link == "identity":
            return values
        return np.exp(values) if self.link == "exp" else sigmoid(values)

    def of_row(self, row: Row) -> Any:
        """The same: a list of the one answer."""
        scores = self.scores.of_row(row)
        if type(scores) is not list:
            return super().of_row(row)
        score = scores[0]
        if self.link == "identity":
            return [score]
        return [float(np.exp(score)) if self.link == "exp" else sigmoid_of_one(score)]


@step("classes")
@dataclass(frozen=True, eq=False)
class Classes(Step):
    """A classifier's answer from scores (rows, 1) for two classes, (rows, classes) for more.

    at_least: with two classes, a score of 0 is the second class, else the first.
    factor: of the scores, in the probabilities.
    """

    scores: Step
    rule: Rule
    at_least: bool = False

    def __call__(self, given: Any) -> Classified:
        """Winners, and shares by the rule."""
        return self._of_scores(self.scores(given))

    def of_row(self, row: Row) -> Any:
        """The same."""
        scores = self.scores.of_row(row)
        if type(scores) is not list:
            return self._of_scores(scores)
        if len(scores) == 1 and self.rule in ("sigmoid", "none"):
            score = scores[0]
            winner = int(score >= 0 if self.at_least else score > 0)
            if self.rule == "none":
                return OneClassified(winner)
            second = sigmoid_of_one(score)
            return OneClassified(winner, [1.0 - second, second])
        if len(scores) > 1 and self.rule in ("softmax", "none"):
            shares = softmax_of_row(scores) if self.rule == "softmax" else None
            return OneClassified(_place_of_largest(scores), shares)
        return self._of_scores(np.array([scores]))

    def _of_scores(self, scores: Array) -> Classified:
        if scores.shape[1] == 1:
            decision = scores[:, 0]
            winners = (decision >= 0 if self.at_least else decision > 0).astype(np.intp)
            return Classified(winners, self._two(decision))
        return Classified(scores.argmax(axis=1), self._many(scores))

    def _two(self, decision: Array) -> Array | None:
        if self.rule == "none":
            return None
        if self.rule == "softmax":
            return softmax(np.stack([-decision, decision], axis=1))
        second = (np.clip(decision, -1, 1) + 1) / 2 if self.rule == "huber" else sigmoid(decision)
        out = np.empty((len(second), 2))
        out[:, 1] = second
        np.subtract(1.0, second, out=out[:, 0])
        return out

    def _many(self, scores: Array) -> Array | None:
        if self.rule == "none":
            return None
        if self.rule == "softmax":
            return softmax(scores)
        shares = (np.clip(scores, -1, 1) + 1) / 2 if self.rule == "huber" else sigmoid(scores)
        total = shares.sum(axis=1)
        nothing = total == 0
        if nothing.any():
            shares[nothing], total[nothing] = 1.0, shares.shape[1]
        normalised: Array = shares / total[:, None]
        return normalised


@step("largest share")
@dataclass(frozen=True, eq=False)
class LargestShare(Step):
    """A classifier whose scores are the shares themselves; the first of equals wins."""

    shares: Step

    def __call__(self, given: Any) -> Classified:
        """Winners and shares."""
        shares: Array = self.shares(given)
        return Classified(shares.argmax(axis=1), shares)

    def of_row(self, row: Row) -> Any:
        """The same."""
        shares = self.shares.of_row(row)
        if type(shares) is not list:
            return Classified(shares.argmax(axis=1), shares)
        return OneClassified(_place_of_largest(shares), shares)
