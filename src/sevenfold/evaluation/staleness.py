"""What it costs to answer from lists that were made some time ago: the test's requests again, their lists as old as that.

A list is what the pipeline says at an earlier moment to the same user without a context, shown as it was made: what the user
has seen since stays in it, and what was born since is missing, as in `sevenfold batch`. What is relevant stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sevenfold.evaluation import lists
from sevenfold.evaluation.slices import Truth
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.nouns import I32, SECOND, Requests
from sevenfold.record import Stale

AGES = (3600, 6 * 3600, 24 * 3600)  # s
REQUESTS = 300  # of the test's that are answered again
ONLINE = "online"


def replayed(pipeline: Pipeline, requests: Requests, k: int, ages: Sequence[int] = AGES) -> dict[str, I32]:
    """[B, k] the items of each request online, and by age (s) those of a list so old."""
    aged = {str(age): replace(requests, time=requests.time - age * SECOND, context={}) for age in ages}
    return {name: pipeline.answer(asked, k).items for name, asked in {ONLINE: requests, **aged}.items()}


def costs(answers: Mapping[str, I32], truth: Truth, metric: str) -> tuple[Stale, ...]:
    """What the lists of each age are worth, the youngest first, and what online answers gain over them, request by request."""
    gained = lists.paired({name: [items] for name, items in answers.items()}, truth, metric)[ONLINE]
    return tuple(Stale(age=float(name), quality=lists.estimates([answers[name]], truth)[metric], lost=gained[name])
                 for name in sorted(gained, key=float))
