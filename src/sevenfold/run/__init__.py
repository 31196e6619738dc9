"""A design executed: seven steps in seven calls, each kept when it is finished.

    steps.py      what is kept, and when it is computed again
    fit.py        one solution's parts, no stage reading another's rows
    evaluate.py   the answers to the test's requests
    measure.py    time and memory of a serving process
    assemble.py   the record
    bundles.py    the winner, sealed; and answers from it
"""

from __future__ import annotations

from sevenfold.run.answering import answer
from sevenfold.run.execution import run

__all__ = ["answer", "run"]
