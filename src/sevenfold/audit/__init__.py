"""The leak audit: two searches that a run makes before it trains anything.

future_scramble    what no feature may notice: everything that was not yet available, changed    (probe.py)
label_giveaways    columns that tell the label: copies, missingness, levels, the whole log       (giveaway.py)
"""

from sevenfold.audit.giveaway import label_giveaways
from sevenfold.audit.probe import future_scramble
from sevenfold.design.sections import Design
from sevenfold.errors import LeakError
from sevenfold.features import Features
from sevenfold.nouns import Data, Requests

__all__ = ["audit", "future_scramble", "label_giveaways"]


def audit(design: Design, data: Data, features: Features, requests: Requests, *, seed: int = 0) -> list[LeakError]:
    """Every leak found, worst first: features that see the future, then columns that tell the label."""
    return [*future_scramble(design, data, features, requests, seed=seed), *label_giveaways(design, data)]
