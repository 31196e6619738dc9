"""What a text says, word by word: `{words: message, n: 1..2}`."""

from __future__ import annotations

from typing import Any

from sevenfold.features.kinds import _terms
from sevenfold.features.past import Fitted, Past, State
from sevenfold.nouns import Array
from sevenfold.units import Range


class Words:
    """Runs of words and signs, `n` at a time, by default 1..2.

    Which there are, and how rare each is, is frozen at the cut.
    """

    def __init__(self, *, words: str, n: Range | None = None) -> None:
        self.words = words
        self.n = n
        self._made: tuple[State, Any] | None = None

    def fit(self, past: Past) -> Fitted:
        """The terms and how rare each is."""
        return _terms.frozen(past, self.words, "word", self.n or Range(1, 2))

    def vectors(self, texts: Array, state: State) -> Any:
        """[texts, terms] CSR, rows of length 1 or 0."""
        if self._made is None or self._made[0] is not state:
            self._made = state, _terms.reader(state, "word")
        return _terms.vectors(self._made[1], texts)
