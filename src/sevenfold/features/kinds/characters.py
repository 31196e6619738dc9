"""What a text says, character by character: `{characters: message, n: 2..5}`."""

from __future__ import annotations

from typing import Any

from sevenfold.features.kinds import _terms
from sevenfold.features.past import Fitted, Past, State
from sevenfold.nouns import Array
from sevenfold.units import Range


class Characters:
    """Runs of characters within words and at their edges, `n` at a time, by default 2..5.

    Which there are, and how rare each is, is frozen at the cut.
    """

    def __init__(self, *, characters: str, n: Range | None = None) -> None:
        self.characters = characters
        self.n = n
        self._made: tuple[State, Any] | None = None

    def fit(self, past: Past) -> Fitted:
        """The terms and how rare each is."""
        return _terms.frozen(past, self.characters, "char_wb", self.n or Range(2, 5))

    def vectors(self, texts: Array, state: State) -> Any:
        """[texts, terms] CSR, rows of length 1 or 0."""
        if self._made is None or self._made[0] is not state:
            self._made = state, _terms.reader(state, "char_wb")
        return _terms.vectors(self._made[1], texts)
