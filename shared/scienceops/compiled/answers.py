"""Answer steps: scores become predictions, by the rule of each kind of model."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from scienceops.compiled.step import Array, Classified, Step, step

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
    if len(scores) == 1:
        shares = scores - max(scores[0].tolist())
        np.exp(shares, out=shares)
        total = 0.0
        for share in shares[0].tolist():
            total += share
        shares /= total
        return shares
    # By class, for numpy goes through a few long rows in less time than through many short ones.
    by_class = scores.T.copy(order="C")
    by_class -= np.maximum.reduce(by_class)
    np.exp(by_class, out=by_class)
    by_class /= np.add.reduce(by_class)
    return by_class.T


def sigmoid(scores: Array) -> Array:
    """1 / (1 + exp(-s))."""
    shares: Array = 1.0 / (1.0 + np.exp(-scores))
    return shares


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
        scores: Array = self.scores(given)
        if scores.shape[1] == 1:
            decision = scores[:, 0]
            winners = (decision >= 0 if self.at_least else decision > 0).astype(np.intp)
            return Classified(winners, self._two(decision), decision)
        winners = scores.argmax(axis=1)
        return Classified(winners, self._many(scores), scores)

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
