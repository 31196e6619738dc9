"""What the audit looks at: a design, its data and their cuts, and its features as frozen for the ranker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sevenfold.data.requests import Labelled, labelled
from sevenfold.data.splits import Cuts
from sevenfold.design.sections import Design
from sevenfold.features import Features, View
from sevenfold.nouns import Data, Requests

FEWEST = 20  # of either class, or entities, below which nothing can be said
EVENTS = 400_000  # that features are read over: a longer log is thinned out to the whole histories of some users
REQUESTS = 2_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """One design before its run; a leak in the code of a feature shows on some users' histories as on all."""

    design: Design
    data: Data
    cuts: Cuts
    features: Features
    seed: int = 0

    @cached_property
    def thin(self) -> Data:
        """The data, or of a long log the histories of users drawn at random."""
        log, users = self.data.log, np.random.default_rng(self.seed).permutation(len(self.data.users))
        if len(log) <= EVENTS:
            return self.data
        counts = np.bincount(log.user, minlength=len(users))[users]
        kept = np.zeros(len(users), dtype=np.bool_)
        kept[users[:max(int(np.searchsorted(np.cumsum(counts), EVENTS)), 1)]] = True
        return replace(self.data, log=log.take(kept[log.user]))

    @cached_property
    def view(self) -> View:
        """The features over those data."""
        return self.features.over(self.thin)

    @cached_property
    def requests(self) -> Requests:
        """Questions from the whole stretch of time."""
        return self.labelled(self.cuts.start, self.cuts.end).requests

    def labelled(self, start: int, end: int) -> Labelled:
        """Questions of a stretch, and what was relevant."""
        return labelled(self.thin, self.design, start, end, limit=REQUESTS, seed=self.seed)
