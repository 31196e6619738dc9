"""Counting how many of the first values lie below a bound: the wavelet matrix, in NumPy.

"The wavelet matrix" (Information Systems 47, 2015, pages 15–32): one bit of every value a level, from the
highest bit down, the values parted by that bit in a stable way; a question walks down the levels with two ranks each.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sevenfold.nouns import I64, Array, Bools

WORD = 64


class Dominance:
    """Answers "how many of values[:end] are < below" in as many steps as a value has bits, with n·bits/5 bytes."""

    def __init__(self, values: I64, bits: int) -> None:
        self.levels: list[tuple[int, int, npt.NDArray[np.uint64], I64]] = []
        for shift in reversed(range(bits)):
            ones = (values >> shift) & 1 == 1
            words, ranks = _pack(ones)
            self.levels.append((shift, int((~ones).sum()), words, ranks))
            values = np.concatenate([values[~ones], values[ones]])

    def count(self, end: I64, below: I64) -> I64:
        """[m] how many of the first `end` values are less than `below`, which fits in the bits."""
        bounds, total = np.stack([np.zeros_like(end), end]), np.zeros_like(end)
        for shift, zeros, words, ranks in self.levels:
            ones = _rank(words, ranks, bounds)
            up = (below >> shift) & 1 == 1
            total += np.where(up, np.diff(bounds - ones, axis=0)[0], 0)
            bounds = np.where(up, zeros + ones, bounds - ones)
        return total


def _pack(ones: Bools) -> tuple[npt.NDArray[np.uint64], I64]:
    padded = np.zeros((len(ones) // WORD + 1) * WORD, dtype=np.bool_)
    padded[:len(ones)] = ones
    words = np.packbits(padded, bitorder="little").view(np.uint64)
    ranks = np.zeros(len(words), dtype=np.int64)
    np.cumsum(np.bitwise_count(words[:-1]), out=ranks[1:])
    return words, ranks


def _rank(words: npt.NDArray[np.uint64], ranks: I64, end: Array) -> I64:
    word, bit = end >> 6, (end & (WORD - 1)).astype(np.uint64)
    mask = (np.uint64(1) << bit) - np.uint64(1)
    total: I64 = ranks[word] + np.bitwise_count(words[word] & mask)
    return total
