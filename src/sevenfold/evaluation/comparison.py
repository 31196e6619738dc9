"""What the decision rests on: every solution's answers to the same requests, as estimates with intervals.

Two judges know how to read answers: `lists` those that choose items, `predictions` those that say a number. Each gives
the same verbs, so that whoever assembles a record need not know which it is.

    estimates   every metric over all requests, with its interval
    paired      each solution's gain over each other on the primary metric
    by_slice    every metric on a part of the requests
    spread      a metric's value for each seed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from sevenfold.data.requests import Labelled
from sevenfold.design.sections import Design
from sevenfold.design.vocabulary import FUNNEL
from sevenfold.evaluation import lists, predictions
from sevenfold.evaluation.slices import Truth
from sevenfold.nouns import Array, Data
from sevenfold.record import Estimate

__all__ = ["Judge", "Truth", "judge_of", "metric_of", "truth"]


class Judge(Protocol):
    """How answers, one array per seed, become estimates."""

    def estimates(self, answers: Sequence[Array], truth: Truth) -> dict[str, Estimate]: ...  # noqa: D102
    def paired(self, answers: Mapping[str, Sequence[Array]], truth: Truth, metric: str) -> dict[str, dict[str, Estimate]]: ...  # noqa: D102
    def by_slice(self, answers: Sequence[Array], truth: Truth, names: Sequence[str]) -> dict[str, dict[str, Estimate]]: ...  # noqa: D102
    def spread(self, answers: Sequence[Array], truth: Truth) -> dict[str, tuple[float, ...]]: ...  # noqa: D102


def judge_of(design: Design) -> Judge:
    """Who judges the answers of a design's task."""
    judge: Judge = lists if design.framing.task in FUNNEL else predictions
    return judge


def metric_of(design: Design) -> str:
    """The primary metric as a record names it: `ndcg@10`, `log_loss`."""
    metric = design.evaluation.metric
    return f"{metric}@{places(design)}" if design.framing.task in FUNNEL else metric


def places(design: Design) -> int:
    """How many places an answer has; one where it is a number."""
    answer = design.framing.answer
    return (answer.items or answer.users or 10) if design.framing.task in FUNNEL else 1


def truth(data: Data, cut: int, asked: Labelled, *, alive: int, classes: bool = False, seed: int = 0) -> Truth:
    """What is known about the requests asked, and the counts of what was available before `cut`; made once per run."""
    log, user = data.log, asked.requests.user
    known = log.available < cut
    return Truth(user=user, offsets=asked.offsets, relevant=asked.relevant, grade=asked.grade, alive=alive,
                 cluster=np.where(user >= 0, user, -1 - asked.requests.time), seed=seed, classes=classes,
                 user_events=np.bincount(log.user[known & (log.user >= 0)], minlength=len(data.users)).astype(np.int64),
                 item_events=np.bincount(log.item[known & (log.item >= 0)], minlength=len(data.items)).astype(np.int64))
