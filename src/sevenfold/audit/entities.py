"""Are users and items described as they were, or as they became? Nothing is born after its own first events."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sevenfold.audit.case import FEWEST, Case
from sevenfold.audit.probe import day
from sevenfold.data.times import microseconds
from sevenfold.design.sections import Table
from sevenfold.errors import LeakError
from sevenfold.nouns import DAY

LATE = 0.05  # of the entities with events and a date: fewer are slips of the pen


def entities_from_the_future(case: Case) -> Iterator[LeakError]:
    """The tables whose entities are born a day or more after their first events; code X01."""
    log, data = case.data.log, case.data
    for section, entities, codes in (("users", data.users, log.user), ("items", data.items, log.item)):
        declared: Table | None = getattr(case.design.data, section)
        if declared is None or declared.born is None:
            continue
        seen, first = np.unique(codes, return_index=True)
        dates = entities.table[declared.born]
        dated = np.asarray(dates.is_valid())[seen]
        seen, first = seen[dated], log.time[first[dated]]
        born = microseconds(dates.take(seen), where=f"data.{section}.born") if len(seen) else first
        late = np.flatnonzero(born >= first + DAY)
        if len(late) >= FEWEST and len(late) > LATE * len(seen):
            one = late[0]
            yield LeakError(
                f"data.{section}.born", f"{len(late)} of {len(seen)} {section} are born after their first event: "
                f"'{entities.ids[seen[one]]}' on {day(int(born[one]))}, first seen on {day(int(first[one]))}",
                "Their rows were written later and may know what came after: give their first dates, and what was known then.",
                feature=section, column=declared.born, row_time=int(first[one]), read_time=int(born[one]), code="X01")
