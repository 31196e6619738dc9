"""A design executed: seven steps in seven calls, each kept when it is finished.

    steps.py      what is kept, and when it is computed again
    fit.py        one solution's parts, no stage reading another's rows
    evaluate.py   the answers to the test's requests
    measure.py    time and memory of a serving process
    assemble.py   the record
    job.py        the steps themselves
    companions.py other processes that take some of them
    execution.py  the run, from the document to the sealed winner
    answering.py  one answer from its bundle
"""

from __future__ import annotations

from sevenfold.run.answering import answer
from sevenfold.run.execution import execute

__all__ = ["answer", "execute"]
