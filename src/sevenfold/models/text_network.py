"""A convolutional network over the characters of a text (as Kim 2014 over words), learnt from scratch.

Every run of 3, 5 and 8 characters is held against learnt patterns; each pattern counts by where it fits best. Trained by
PyTorch, answered by NumPy in float64.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from sevenfold.errors import ModelError
from sevenfold.models._inputs import labels, log_odds
from sevenfold.networks.training import arrays, best_epoch, glorot, pytorch
from sevenfold.nouns import F32, F64, I32, I64, Array, Rows
from sevenfold.units import Share

WHERE = "text_network"
WIDTHS = (3, 5, 8)  # characters that a pattern spans
VECTOR = 16  # dimensions of a character
NONE, UNKNOWN = 0, 1  # beyond the end of a text; a character that training did not hold
SEEN = 2  # times that a character must stand in the training to be known
MOST_EPOCHS, PATIENCE, BATCH = 20, 2, 64
FOCUS = 2.0  # the power of the focal loss
AT_ONCE = 64  # texts answered together


class TextNetwork:
    """Scores are probabilities; by `focal` loss (Lin et al. 2017) rows that are told apart already count little.

    Trains until the loss on `validate` stops falling; with `epochs` given, exactly so long. Of a text the first `length`
    characters are read, large and small alike.
    """

    random = True
    reads = "text"
    trained_by = "torch"  # of the extra `deep`; scoring does without

    def __init__(self, *, loss: Literal["bce", "focal"] = "bce", dimensions: int = 32, length: int = 256, dropout: Share = 0.3,
                 epochs: int | None = None, learning_rate: float = 0.002) -> None:
        self.loss = loss
        self.dimensions = dimensions  # patterns of each width
        self.length = length
        self.dropout = dropout  # share of the patterns left out of a step
        self.epochs = epochs
        self.learning_rate = learning_rate

    def fit(self, train: Rows, validate: Rows, *, seed: int) -> None:
        """Train on `train`; `validate` is read to choose the number of epochs. `MissingPackage` without PyTorch."""
        positive = labels(train, WHERE) > 0
        texts = _texts(train)
        found = Counter(character for text in texts for character in text[:self.length].lower())
        self._alphabet = "".join(sorted(character for character, times in found.items() if times >= SEEN))
        rng = np.random.default_rng(seed)
        with pytorch(WHERE, seed) as torch:
            seen = self._codes(texts), torch.from_numpy(positive.astype(np.float32))
            held_out = None if self.epochs else (self._codes(_texts(validate)),
                                                 torch.from_numpy((labels(validate, WHERE) > 0).astype(np.float32)))
            initial = _initial(rng, len(self._alphabet) + 2, self.dimensions, float(positive.mean()))
            self._weights, self.trained_epochs = self._trained(torch, initial, seen, held_out, rng)
        self._importance = {"text": float(self._logits(texts).std())}

    def kept(self) -> dict[str, Any]:
        """The parameters with which to fit again without a validation set."""
        return {"epochs": self.trained_epochs}

    def scores(self, rows: Rows) -> F32:
        """Probabilities [n]."""
        return (0.5 + 0.5 * np.tanh(0.5 * self._logits(_texts(rows)))).astype(np.float32)

    def grow(self, rows: I64) -> TextNetwork:
        """Itself: it holds nothing per item."""
        return self

    def weights(self) -> dict[str, float]:
        """`text` → how far one standard deviation of it moves the logit."""
        return self._importance

    def save(self, folder: Path) -> None:
        """Write `text_network.json` and `network.npz`."""
        parameters = {name: getattr(self, name) for name in self.__init__.__kwdefaults__}  # type: ignore[misc]
        state = {"parameters": parameters, "alphabet": self._alphabet, "trained_epochs": self.trained_epochs,
                 "importance": self._importance}
        (folder / "text_network.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        np.savez(folder / "network.npz", **cast(dict[str, Any], self._weights))

    @classmethod
    def load(cls, folder: Path) -> TextNetwork:
        """What `save` wrote; needs no PyTorch."""
        state = json.loads((folder / "text_network.json").read_text(encoding="utf-8"))
        self = cls(**state["parameters"])
        self._alphabet, self.trained_epochs = state["alphabet"], state["trained_epochs"]
        self._importance = state["importance"]
        with np.load(folder / "network.npz", allow_pickle=False) as weights:
            self._weights = dict(weights)
        return self

    def _trained(self, torch: Any, initial: Mapping[str, Array], seen: tuple[I32, Any], held_out: tuple[I32, Any] | None,
                 rng: np.random.Generator) -> tuple[dict[str, Array], int]:
        functional = torch.nn.functional
        weights = {name: torch.from_numpy(value).requires_grad_() for name, value in initial.items()}
        optimiser = torch.optim.AdamW(weights.values(), lr=self.learning_rate)

        def price(codes: I32, label: Any, drop: float) -> Any:
            logits = _network(torch, codes, weights, drop)
            if self.loss == "bce":
                return functional.binary_cross_entropy_with_logits(logits, label)
            wrong = torch.sigmoid(torch.where(label > 0, -logits, logits))
            return (wrong**FOCUS * functional.binary_cross_entropy_with_logits(logits, label, reduction="none")).mean()

        def epoch() -> None:
            codes, label = seen
            for rows in np.array_split(rng.permutation(len(codes)), -(-len(codes) // BATCH)):
                optimiser.zero_grad()
                price(codes[rows], label[rows], self.dropout).backward()
                optimiser.step()

        def loss() -> float:
            assert held_out is not None
            with torch.no_grad():
                blocks = np.array_split(np.arange(len(held_out[0])), -(-len(held_out[0]) // AT_ONCE))
                return sum(len(rows) * float(price(held_out[0][rows], held_out[1][rows], 0.0)) for rows in blocks)

        return best_epoch(epoch, loss if held_out else None, lambda: arrays(weights), epochs=self.epochs or MOST_EPOCHS,
                          patience=PATIENCE, where=WHERE)

    def _codes(self, texts: Array) -> I32:
        """[n, length] the number of each character, NONE beyond the end."""
        number = {character: place for place, character in enumerate(self._alphabet, start=UNKNOWN + 1)}
        codes = np.full((len(texts), self.length), NONE, dtype=np.int32)
        for row, text in enumerate(texts):
            found = [number.get(character, UNKNOWN) for character in text[:self.length].lower()[:self.length]]
            codes[row, :len(found)] = found
        return codes

    def _logits(self, texts: Array) -> F64:
        codes = self._codes(texts)
        parts = [self._answer(_trimmed(codes[start:start + AT_ONCE])) for start in range(0, len(codes), AT_ONCE)]
        return np.concatenate([*parts, np.zeros(0)])

    def _answer(self, codes: I32) -> F64:
        """The network on NumPy."""
        weights: dict[str, F64] = {name: value.astype(np.float64) for name, value in self._weights.items()}
        vectors = np.concatenate([weights["vector"], np.zeros((1, VECTOR))])[np.where(codes == NONE, -1, codes)]
        best = []
        for width in WIDTHS:
            padded = np.concatenate([vectors, np.zeros((len(codes), width - 1, VECTOR))], axis=1)
            runs = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)  # [n, l, VECTOR, width]
            fit = runs.reshape(*runs.shape[:2], -1) @ weights[f"pattern{width}"].reshape(VECTOR * width, -1)
            best.append((np.maximum(fit + weights[f"bias{width}"], 0.0) * (codes != NONE)[:, :, None]).max(axis=1))
        logits: F64 = np.concatenate(best, axis=1) @ weights["out"] + weights["intercept"]
        return logits


def _texts(rows: Rows) -> Array:
    if rows.text is None:
        raise ModelError(WHERE, "got no texts to read", "Name their column: data.events.text.")
    return rows.text[rows.request]


def _trimmed(codes: I32) -> I32:
    """Without the columns that no text reaches."""
    return codes[:, :max(int((codes != NONE).sum(axis=1).max(initial=0)), 1)]


def _initial(rng: np.random.Generator, characters: int, patterns: int, rate: float) -> dict[str, Array]:
    """`pattern` [VECTOR, width, patterns] of each width; the intercept is the logit of the rate of positives."""
    weights = {"vector": rng.normal(scale=0.3, size=(characters, VECTOR)).astype(np.float32),
               "out": glorot(rng, patterns * len(WIDTHS), 1)[:, 0], "intercept": log_odds(np.array([rate]))}
    for width in WIDTHS:
        weights |= {f"pattern{width}": glorot(rng, VECTOR * width, patterns).reshape(VECTOR, width, patterns),
                    f"bias{width}": np.zeros(patterns, np.float32)}
    return weights


def _network(torch: Any, codes: I32, weights: Mapping[str, Any], drop: float) -> Any:
    """Logits [n] of codes [n, length], with a share of the patterns left out."""
    functional, there = torch.nn.functional, torch.from_numpy(_trimmed(codes)).long()
    mask = (there != NONE).float()
    vectors = (functional.embedding(there, weights["vector"]) * mask[:, :, None]).mT  # [n, VECTOR, l]
    best = []
    for width in WIDTHS:
        fit = functional.conv1d(functional.pad(vectors, (0, width - 1)), weights[f"pattern{width}"].permute(2, 0, 1),
                                weights[f"bias{width}"])
        best.append((fit.relu() * mask[:, None]).amax(2))
    return functional.dropout(torch.cat(best, 1), drop) @ weights["out"] + weights["intercept"]
