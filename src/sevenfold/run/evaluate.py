"""A solution measured as it will answer: every item ranked, seen ones removed, without deadlines."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sevenfold.data.requests import Labelled
from sevenfold.evaluation import metrics
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.nouns import F64, I32, Answers, Array
from sevenfold.run.fit import CHUNK, relevance

STAGES = ("retrieve", "rank", "rerank")


def evaluate(pipeline: Pipeline, asked: Labelled, k: int, folder: Path) -> None:
    """Answer every request of `asked`; writes what was shown, each metric per request, and each stage's recall."""
    shown, kept = [], {stage: [] for stage in STAGES}
    for start in range(0, len(asked.requests), CHUNK):
        part = asked.take(np.arange(start, min(start + CHUNK, len(asked.requests))))
        answers = pipeline.answer(part.requests, k, trace=True)
        shown.append(answers.items)
        for stage, values in stage_recall(answers, part, pipeline.view.content.shape[0]).items():
            kept[stage].append(values)
    items: I32 = np.concatenate(shown)
    np.savez(folder / "metrics.npz", **metrics.per_request(items, asked.offsets, asked.relevant, k))
    np.savez(folder / "stages.npz", **{stage: np.concatenate(values) for stage, values in kept.items()})
    np.save(folder / "shown.npy", items)


def stage_recall(answers: Answers, asked: Labelled, items: int) -> dict[str, F64]:
    """The share of each request's relevant items that is still there after each stage: stage → [B]."""
    candidates = answers.candidates
    assert candidates is not None, "an untraced answer has no candidates"
    relevant = relevance(candidates, asked, items)
    alive = {"retrieve": np.ones(len(relevant), dtype=bool), "rank": np.isfinite(answers.stages["kept"]),
             "rerank": np.isfinite(answers.stages["rerank"])}
    total = np.diff(asked.offsets)
    return {stage: np.bincount(candidates.request, weights=relevant * mask, minlength=len(total)) / total
            for stage, mask in alive.items()}


def read(folder: Path, name: str) -> dict[str, Array]:
    """A table of arrays that `evaluate` wrote."""
    with np.load(folder / f"{name}.npz", allow_pickle=False) as columns:
        return {key: columns[key] for key in columns.files}
