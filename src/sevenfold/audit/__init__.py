"""The audit: what is looked for before anything is trained.

Case          what is looked at: design, data, cuts, features; of a long log a part           (case.py)
leaks         every search in turn; each gives `LeakError`s with a code
  X13 X05       the future deleted, then scrambled; what was fitted, fitted again             (probe.py)
  X01           entities born after their own events                                          (entities.py)
  X04           columns that tell the label: copies, missingness, levels, the log's end       (giveaway.py)
  X12           one feature that is nearly the answer                                         (golden.py)
facts         no leaks, but findings: short history, young or rare labels, copies, sessions   (facts.py)
stages_apart  what a fit asserts: no stage learns from another's rows                         (stages.py)
"""

from collections.abc import Callable, Iterable

from sevenfold.audit.case import Case
from sevenfold.audit.entities import entities_from_the_future
from sevenfold.audit.facts import facts
from sevenfold.audit.giveaway import label_giveaways
from sevenfold.audit.golden import golden_features
from sevenfold.audit.probe import future_changes
from sevenfold.audit.stages import stages_apart
from sevenfold.errors import LeakError

__all__ = ["SEARCHES", "Case", "entities_from_the_future", "facts", "future_changes", "golden_features",
           "label_giveaways", "leaks", "stages_apart"]

SEARCHES: tuple[Callable[[Case], Iterable[LeakError]], ...] = (
    future_changes, entities_from_the_future, label_giveaways, golden_features)


def leaks(case: Case) -> list[LeakError]:
    """Every leak found, worst first: features that see the future, entities of the future, columns that tell the label."""
    return [leak for search in SEARCHES for leak in search(case)]
