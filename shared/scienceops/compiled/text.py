"""Text steps: words or characters, counted and weighted as scikit-learn's vectorisers do it."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise, repeat
from typing import Any, Literal

import numpy as np

from scienceops.compiled.step import Array, Refused, SparseRows, Step, step, to_array
from scienceops.core.table import Table

Analyzer = Literal["word", "char", "char_wb"]

#: Patterns -> what finds the same words in less time: the longest runs have ends of words anyway.
_SAME = {r"(?u)\b\w\w+\b": r"\w\w+"}
_BLANKS = re.compile(r"\s\s+")


@step("text")
@dataclass(frozen=True, eq=False)
class Text(Step):
    """Counts of the terms of one column of text.

    terms: the vocabulary, in the order of its columns. accents: `ascii`, `unicode` or None, how
    they are stripped. shortest, longest: lengths of n-grams. binary: whether, not how often.
    """

    terms: list[str]
    analyzer: Analyzer
    lowercase: bool
    accents: str | None
    token_pattern: str
    stop_words: list[str]
    shortest: int
    longest: int
    binary: bool
    _places: dict[str, int] = field(init=False, repr=False)
    _stop: frozenset[str] = field(init=False, repr=False)
    _split: Callable[[str], list[str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pattern = _SAME.get(self.token_pattern, self.token_pattern)
        places = {term: place for place, term in enumerate(self.terms)}
        object.__setattr__(self, "_places", places)
        object.__setattr__(self, "_stop", frozenset(self.stop_words))
        object.__setattr__(self, "_split", re.compile(pattern).findall)

    def __call__(self, given: Any) -> SparseRows:
        """How often each row has the terms of the vocabulary."""
        texts = given.columns[0] if isinstance(given, Table) else to_array(given)[:, 0].tolist()
        columns: list[int] = []
        values: list[int] = []
        lengths = []
        for text in texts:
            if not isinstance(text, str):
                raise Refused(f"a text is wanted, {text!r} is none")
            found = [p for p in map(self._places.get, self._terms_of(text)) if p is not None]
            distinct = sorted(set(found))
            columns += distinct
            lengths.append(len(distinct))
            if self.binary or len(distinct) == len(found):
                values += repeat(1, len(distinct))
            else:
                values += map(Counter(found).__getitem__, distinct)
        places, counts = np.array(columns, dtype=np.intp), np.array(values, dtype=np.float64)
        return SparseRows(places, counts, lengths, len(self.terms))

    def _terms_of(self, text: str) -> list[str]:
        if self.lowercase:
            text = text.lower()
        if self.accents is not None:
            text = _strip(text, self.accents)
        if self.analyzer == "word":
            words = self._split(text)
            if self._stop:
                words = [word for word in words if word not in self._stop]
            return self._word_ngrams(words)
        text = _BLANKS.sub(" ", text)
        return self._grams(text) if self.analyzer == "char" else self._padded_grams(text)

    def _word_ngrams(self, words: list[str]) -> list[str]:
        if self.longest == 1:
            return words
        if (self.shortest, self.longest) == (1, 2):
            return words + [f"{first} {second}" for first, second in pairwise(words)]
        return [
            " ".join(words[at : at + length])
            for length in range(self.shortest, min(self.longest, len(words)) + 1)
            for at in range(len(words) - length + 1)
        ]

    def _grams(self, text: str) -> list[str]:
        return [
            text[at : at + length]
            for length in range(self.shortest, min(self.longest, len(text)) + 1)
            for at in range(len(text) - length + 1)
        ]

    def _padded_grams(self, text: str) -> list[str]:
        grams: list[str] = []
        for word in text.split():
            padded = f" {word} "
            for length in range(self.shortest, self.longest + 1):
                grams += [
                    padded[at : at + length] for at in range(max(1, len(padded) - length + 1))
                ]
                if len(padded) <= length:
                    # A short word counts once, whatever lengths are asked for.
                    break
        return grams


@step("tf-idf")
@dataclass(frozen=True, eq=False)
class TfIdf(Step):
    """Counts times the weight of their term, each row then divided by its norm, `l1` or `l2`."""

    weights: Array | None
    sublinear: bool
    norm: str | None

    def __call__(self, given: SparseRows) -> SparseRows:
        """The same terms, weighted."""
        columns, values = given.columns, given.values
        if self.sublinear:
            values = np.log(values) + 1.0
        if self.weights is not None:
            values = values * self.weights.take(columns)
        if self.norm is not None:
            sizes = np.abs(values) if self.norm == "l1" else values * values
            # A row at a time, for sums round by what they begin with.
            norms = np.array([np.add.reduce(sizes[part]) for part in given.parts()])
            if self.norm == "l2":
                np.sqrt(norms, out=norms)
            norms[norms == 0.0] = 1.0
            values = values / (norms if len(norms) == 1 else np.repeat(norms, given.lengths))
        return SparseRows(columns, values, given.lengths, given.width)


def _strip(text: str, how: str) -> str:
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    if how == "ascii":
        return apart.encode("ascii", "ignore").decode("ascii")
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
