"""Naive Bayes on the words of a text: how much more often each stands in one class than in the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.models._inputs import labels
from sevenfold.models._words import spreads, words
from sevenfold.nouns import F32, F64, I64, Rows

WHERE = "naive_bayes"


class NaiveBayes:
    """The multinomial model on weighed words (Rennie et al. 2003); scores are probabilities, too sure of themselves.

    Each word is counted `smoothing` more times in either class.
    """

    random = False
    reads = "text"

    def __init__(self, *, smoothing: float = 0.1) -> None:
        self.smoothing = smoothing

    def fit(self, train: Rows, validate: Rows, *, seed: int) -> None:
        """Count the words of `train`; labels above 0 count as positive. Nothing is random."""
        positive = labels(train, WHERE) > 0
        if not train.word_names:
            raise ModelError(WHERE, "got no words to learn from", "Add some: data.features.text: {words: {words: message}}.")
        if positive.all():
            raise ModelError(WHERE, f"all {len(train)} labels are above 0, expected some that are 0",
                             "Use a label that is yes or no.")
        self.names = train.word_names
        yes, no = (_shares(train.words[rows], self.smoothing) for rows in (positive, ~positive))
        self._words = yes - no
        self._intercept = float(np.log(positive.mean() / (1 - positive.mean())))
        self._importance = (np.abs(self._words) * spreads(train.words)).tolist()

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again: nothing was chosen on validation."""
        return {}

    def scores(self, rows: Rows) -> F32:
        """Probabilities [n]."""
        logits = words(rows, self.names, WHERE) @ self._words + self._intercept
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits), dtype=np.float32)

    def explain(self, rows: Rows) -> F32:
        """How far each word moves the logit, [n, words]."""
        return np.asarray(words(rows, self.names, WHERE).multiply(self._words).toarray(), dtype=np.float32)

    def grow(self, rows: I64) -> NaiveBayes:
        """Itself: it holds nothing per item."""
        return self

    def weights(self) -> dict[str, float]:
        """Word → how far one standard deviation of it moves the logit."""
        return dict(zip(self.names, self._importance, strict=True))

    def save(self, folder: Path) -> None:
        """Write `naive_bayes.json` and `words.npy`."""
        state = {"smoothing": self.smoothing, "names": self.names, "intercept": self._intercept}
        (folder / "naive_bayes.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        np.save(folder / "words.npy", np.stack([self._words, self._importance]))

    @classmethod
    def load(cls, folder: Path) -> NaiveBayes:
        """What `save` wrote."""
        state = json.loads((folder / "naive_bayes.json").read_text(encoding="utf-8"))
        self = cls(smoothing=state["smoothing"])
        self.names, self._intercept = tuple(state["names"]), state["intercept"]
        self._words, importance = np.load(folder / "words.npy", allow_pickle=False)
        self._importance = importance.tolist()
        return self


def _shares(found: Any, smoothing: float) -> F64:
    """[words] the log of each word's share of all, smoothed."""
    total = np.asarray(found.sum(axis=0), dtype=np.float64).ravel() + smoothing
    return np.asarray(np.log(total / total.sum()))
