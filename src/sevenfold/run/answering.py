"""One answer from a run's live bundle, and why it is so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sevenfold import record
from sevenfold.bundle import manifest, parts, state
from sevenfold.design import load
from sevenfold.errors import SevenfoldError
from sevenfold.nouns import I32, Entities, Requests
from sevenfold.run.explaining import Case, named, story, why

Id = str | int


def answer(run: Path | str, user: Id, k: int | None = None, *, item: Id | None = None,
           explain: bool = False) -> dict[str, Any]:
    """The k best items for a user as of the end of the bundle's log, as plain values.

    With `explain`: which retriever proposed each item and at which place, the place after each stage, the features that moved
    its score, and what fell out where and why. With `item`: the same of this item, were it never proposed.
    """
    if k is not None and k < 1:
        raise SevenfoldError("k", f"expected a number of items from 1 on, got {k}", "Ask for at least one item.")
    folder = manifest.live(record.locate(Path(run)))
    about = manifest.verify(folder)
    data, fitted = state.load(folder / "state"), parts.load(folder / "parts")
    pipeline = fitted.over(data)
    wanted = None if item is None else code_of(data.items, item)
    if wanted is not None and wanted[0] < 0:
        raise SevenfoldError("item", f"no item is called '{item}'", "Name one as the data write it.")
    if wanted is None and not fitted.retrievers:
        raise SevenfoldError("item", "this design predicts something of an item, and none was named", "Name one: --item.")
    requests = Requests(time=np.array([int(data.log.available.max(initial=0)) + 1]), user=code_of(data.users, user),
                        item=None if fitted.retrievers else wanted)
    k = min(k or load(folder / "design.yaml").framing.answer.items or 10, max(len(data.items), 1))
    found = pipeline.answer(requests, k, trace=True)
    case = Case(pipeline=pipeline, rerankers=[name for name, _ in fitted.rerankers], requests=requests, answers=found, k=k)
    told = {"user": str(user), "known": bool(requests.user[0] >= 0), "solution": about["solution"], "bundle": folder.name,
            "items": [{**named(data, code), "score": round(float(score), 6)}
                      for code, score in zip(found.items[0], found.scores[0], strict=True) if code >= 0]}
    return told | (why(case) if explain else {}) | ({} if wanted is None else {"story": story(case, int(wanted[0]))})


def code_of(entities: Entities, key: Id) -> I32:
    """The code of a user or an item [1]; -1 of one that the log does not know."""
    text = str(key)
    if entities.ids.dtype.kind not in "iu":
        return entities.codes(np.array([text]))
    digits = text.removeprefix("-")
    whole = digits.isascii() and digits.isdigit() and len(digits) < 19
    return entities.codes(np.array([int(text)])) if whole else np.array([-1], dtype=np.int32)
