"""Do the stages of a solution learn from rows of their own?"""

from __future__ import annotations

from sevenfold.audit.probe import day
from sevenfold.errors import LeakError
from sevenfold.nouns import I64


def stages_apart(frozen: int, retrieved: I64, ranked: I64, chosen: I64 | None = None) -> None:
    """Refuse stages that learnt from each other's rows; LeakError X05 names both and both times.

    `frozen` is the moment up to which encoders were fitted; the others are the times (µs) of what the retrievers
    learnt from, of the ranker's requests, and of those that chose its rounds.
    """
    ended = {"encoders": frozen - 1, **{name: int(times.max()) for name, times in
                                        (("retrievers", retrieved), ("ranker", ranked)) if len(times)}}
    begun = {"ranker": ranked, "validation": chosen}
    for earlier, later in (("encoders", "ranker"), ("retrievers", "ranker"), ("ranker", "validation")):
        times = begun[later]
        if earlier in ended and times is not None and len(times) and ended[earlier] > (first := int(times.min())):
            raise LeakError("data.split", f"the {earlier} learnt from rows up to {day(ended[earlier])}, "
                            f"and the {later} begins at {day(first)}", "Fit each stage before the cut from which the next one "
                            "learns.", feature=earlier, row_time=first, read_time=ended[earlier], code="X05")
