"""Deadlines: what a stage has left is looked at before it starts; a late one is left out, and said to be degraded."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from itertools import accumulate

from sevenfold.design.sections import Design
from sevenfold.design.vocabulary import FUNNEL

STAGES = {"retrieve": ("retrieve",), "rank": ("features", "rank"), "rerank": ("rerank",)}  # and how the clock calls them
UP, DOWN = 0.3, 0.1  # the share of a new measurement in what is usual: slowness is learnt faster than it is forgotten


class Budgets:
    """What each stage may take, and what it usually takes for one question."""

    def __init__(self, design: Design) -> None:
        within = {stage: getattr(design.serving, stage).within for stage in STAGES}
        ends = accumulate(one or 0.0 for one in within.values())
        funnel = design.framing.task in FUNNEL  # a prediction has nothing to leave out
        self.ends = {stage: end for (stage, one), end in zip(within.items(), ends, strict=True) if funnel and one is not None}
        self.otherwise = design.serving.retrieve.else_ or ""
        self.usual = dict.fromkeys(STAGES, 0.0)

    def learn(self, clock: Mapping[str, float], questions: int, skipped: list[str]) -> None:
        """Remember what a block took; what is left out again and again is tried again in the end."""
        for stage, parts in STAGES.items():
            took = 0.0 if stage in skipped else sum(clock.get(part, 0.0) for part in parts) / questions
            self.usual[stage] += (UP if took > self.usual[stage] else DOWN) * (took - self.usual[stage])


class Pace:
    """Of one block of questions: whether a stage is late before it starts."""

    def __init__(self, budgets: Budgets, sources: list[str], questions: int, came: float) -> None:
        self._budgets = budgets
        self._always = budgets.otherwise if budgets.otherwise in sources else next(iter(sources), "")
        self._questions = questions
        self._came = came
        self.skipped: list[str] = []

    def __call__(self, stage: str, source: str = "", lost: bool = False) -> bool:
        """Whether it would end too late, or is `lost`; the source that stands in for the others never is."""
        usual = 0.0 if source else self._budgets.usual[stage] * self._questions
        late = lost or time.monotonic() + usual > self._came + self._budgets.ends.get(stage, math.inf)
        if (source and source == self._always) or not late:
            return False
        if stage not in self.skipped:
            self.skipped.append(stage)
        return True
