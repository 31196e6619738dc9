"""One answer from a run's live bundle, in words a person can follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sevenfold import record
from sevenfold.bundle import manifest, parts, state
from sevenfold.design import load
from sevenfold.errors import SevenfoldError
from sevenfold.funnel.candidates import places
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.nouns import Answers, Candidates, Data, Requests


def answer(run: Path | str, user: str | int, k: int | None = None, *, explain: bool = False) -> dict[str, Any]:
    """The k best items for a user as of the end of the bundle's log, as plain values.

    With `explain`: which retriever proposed each item and at which place, the scores, and what fell out where.
    """
    if k is not None and k < 1:
        raise SevenfoldError("k", f"expected a number of items from 1 on, got {k}", "Ask for at least one item.")
    user = str(user)
    folder = manifest.live(record.locate(Path(run)))
    about = manifest.verify(folder)
    data = state.load(folder / "state")
    pipeline = parts.load(folder / "parts").over(data)
    requests = Requests(time=np.array([int(data.log.available.max()) + 1]), user=code_of(data, user))
    k = k or load(folder / "design.yaml").framing.answer.items or 10
    found = pipeline.answer(requests, k, trace=explain)
    told = {"user": user, "known": bool(requests.user[0] >= 0), "solution": about["solution"], "bundle": folder.name,
            "items": [_item(data, code, score) for code, score in zip(found.items[0], found.scores[0], strict=True)
                      if code >= 0]}
    return {**told, **_explained(pipeline, data, requests, found, k)} if explain else told


def code_of(data: Data, user: str) -> Any:
    """The user's code [1]; -1 for somebody the log does not know."""
    numeric = data.users.ids.dtype.kind in "iu"
    if numeric and not user.lstrip("-").isdigit():
        return np.array([-1], dtype=np.int32)
    return data.users.codes(np.array([int(user) if numeric else user]))


def _item(data: Data, code: int, score: float) -> dict[str, Any]:
    """An item's id and score, and its name: the first text of its row that is not the id."""
    key = data.items.ids[code].item()
    row = data.items.table.slice(code, 1).to_pylist()[0] if data.items.table.num_columns else {}
    names = [value for value in row.values() if isinstance(value, str) and value != str(key)]
    return {"item": key, "name": names[0] if names else "", "score": round(float(score), 6)}


def _explained(pipeline: Pipeline, data: Data, requests: Requests, found: Answers, k: int) -> dict[str, Any]:
    candidates = found.candidates
    assert candidates is not None, "the answer was traced"
    history = pipeline.view.visits(requests, 10).history[0]
    rank = np.full(len(candidates), -1)
    order = np.lexsort((candidates.item, -found.stages["rank"], candidates.request))
    rank[order] = places(candidates.request[order])
    shown = {int(item): place for place, item in enumerate(found.items[0])}
    why = [{**_item(data, int(candidates.item[row]), float(found.stages["rank"][row])), "place": place + 1,
            "rank_place": int(rank[row]) + 1, "proposed_by": _proposers(candidates, row)}
           for row, place in sorted(((row, shown[int(item)]) for row, item in enumerate(candidates.item)
                                     if int(item) in shown), key=lambda pair: pair[1])]
    kept = np.isfinite(found.stages["kept"])
    near = [row for row in order if kept[row] and int(candidates.item[row]) not in shown][:k]
    return {"history": [_item(data, code, 1.0) for code in history if code >= 0], "why": why,
            "stages": {"proposed": len(candidates), "kept_by_rank": int(kept.sum()), "shown": len(why)},
            "nearly": [{**_item(data, int(candidates.item[row]), float(found.stages["rank"][row])),
                        "rank_place": int(rank[row]) + 1, "fell_out": "re-ranked away" if rank[row] < k else "ranked lower",
                        "proposed_by": _proposers(candidates, row)} for row in near]}


def _proposers(candidates: Candidates, row: int) -> dict[str, int]:
    """Source → its place for the candidate, from 1."""
    return {name: int(ranks[row]) + 1 for name, ranks in candidates.ranks.items() if np.isfinite(ranks[row])}
