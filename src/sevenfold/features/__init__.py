"""Step 3, features: one definition of each, read as of any moment, strictly before it.

fit / load   Features: every feature of a design with what was frozen at the cut          (fitting.py)
over         View: those features over one log, indexed once                              (view.py)
kinds/       what a feature can be, one class a file                                      (kinds/__init__.py: the contract)
Past         what a feature may be fitted on                                              (past.py)
Present      the log as features read it: windows over streams of events                  (present.py)
online       the same features event by event: a user's own events, items' totals           (online, reading, flow)
partitions   the features of every event of a log larger than memory, part by part              (partitions.py)
kernel       places, indices, windows: sorting once and searching; sums are integers      (kernel.py, dominance.py)
"""

from sevenfold.features.fitting import Features, fit, load
from sevenfold.features.view import Feature, View

__all__ = ["Feature", "Features", "View", "fit", "load"]
