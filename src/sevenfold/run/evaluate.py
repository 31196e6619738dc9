"""A solution measured as it will answer: every item ranked, seen ones removed, without deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.data.requests import Labelled
from sevenfold.evaluation.metrics import recall_of
from sevenfold.features import View
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.funnel.reranking import prices
from sevenfold.nouns import F64, Answers, Array
from sevenfold.run.fit import CHUNK

STAGES = ("retrieve", "rank", "rerank")


def unseen(asked: Labelled, view: View) -> Labelled:
    """`asked` without the relevant items that a user had seen before: no answer may hold them."""
    if asked.requests.item is not None:
        return asked
    offsets, seen = view.seen(asked.requests)
    items = view.items
    owner = np.repeat(np.arange(len(asked)), np.diff(asked.offsets))
    known = np.repeat(np.arange(len(asked)), np.diff(offsets)) * np.int64(items) + seen
    fresh = ~np.isin(owner * np.int64(items) + asked.relevant, known)
    counts = np.bincount(owner[fresh], minlength=len(asked))
    kept = np.flatnonzero(counts)
    return replace(asked, requests=asked.requests.take(kept), offsets=np.concatenate([[0], np.cumsum(counts[kept])]),
                   relevant=asked.relevant[fresh], grade=asked.grade[fresh], shown=None, actions={},
                   dropped=asked.dropped + len(asked) - len(kept))


def evaluate(pipeline: Pipeline, asked: Labelled, k: int, folder: Path) -> None:
    """Answer every request of `asked`; writes the answers [B, …] and, of a funnel, recalls and prices of its stages.

    `prices.npz` holds, of each re-ranker by its number, the lists before and after it [B, k] and what it gained [B].
    """
    parts = (asked.part(start, start + CHUNK) for start in range(0, len(asked), CHUNK))
    judged = [_judged(pipeline, part, k) for part in parts]
    answers, recalls, paid = zip(*judged, strict=True)
    np.save(folder / "answers.npy", np.concatenate(answers))
    np.savez(folder / "recall.npz", **_joined(recalls))
    np.savez(folder / "prices.npz", **_joined(paid))


def _judged(pipeline: Pipeline, part: Labelled, k: int) -> tuple[Array, dict[str, Array], dict[str, Array]]:
    """Of some requests the answers, each stage's recall, and what each re-ranker did."""
    answers = pipeline.answer(part.requests, k, trace=True)
    if part.requests.item is not None:
        return told(answers, pipeline.threshold), {}, {}
    found = prices(pipeline.rerankers, answers, partial(pipeline.context, part.requests), len(part), k)
    return answers.items, dict(stage_recall(answers, part)), {
        f"{what}{number}": getattr(one, what) for number, one in enumerate(found) for what in ("before", "after", "gained")}


def _joined(parts: Sequence[dict[str, Array]]) -> dict[str, Any]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def told(answers: Answers, threshold: float | None) -> Array:
    """[B, 2] the number that was said of each request's item, and whether it was taken for a yes."""
    number = answers.scores[:, 0]
    return np.column_stack([number, number >= (np.inf if threshold is None else threshold)])


def stage_recall(answers: Answers, asked: Labelled) -> dict[str, F64]:
    """The share of each request's relevant items that is still there after each stage: stage → [B]."""
    candidates = answers.candidates
    assert candidates is not None, "an untraced answer has no candidates"
    left = {"retrieve": np.arange(len(candidates)), "rank": np.flatnonzero(np.isfinite(answers.stages["kept"])),
            "rerank": np.flatnonzero(np.isfinite(answers.stages["rerank"]))}
    return {stage: recall_of(candidates.take(rows), asked.offsets, asked.relevant) for stage, rows in left.items()}
