"""One answer from a run's live bundle, and why it is so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold import record
from sevenfold.bundle import manifest, parts, state
from sevenfold.design import load
from sevenfold.design.sections import Design
from sevenfold.design.vocabulary import CLASSES, PREDICTION, TASKS
from sevenfold.errors import SevenfoldError
from sevenfold.evaluation.comparison import places
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.funnel.snippets import snippet
from sevenfold.nouns import I32, NOBODY, Answers, Entities, Requests
from sevenfold.run.explaining import Case, named, story, why

Id = str | int


def answer(run: Path | str, user: Id | None = None, k: int | None = None, *, item: Id | None = None, text: str | None = None,
           likes: Sequence[Id] = (), explain: bool = False) -> dict[str, Any]:
    """The answer of a run's bundle as of the end of its log, as plain values: items, or what is predicted.

    What is asked follows from the design: of a `user`, with an `item` where something is predicted of both, or a `text` that
    is searched for or judged; `likes` are items that a user says to like, of whom the log knows nothing yet. With `explain`:
    which retriever proposed each item and at which place, the place after each stage, the features that moved its score, and
    what fell out where and why. With `item` where items are to be found: the same of this item, were it never proposed.
    """
    if k is not None and k < 1:
        raise SevenfoldError("k", f"expected a number of items from 1 on, got {k}", "Ask for at least one item.")
    folder = manifest.live(record.locate(Path(run)))
    about, design = manifest.verify(folder), load(folder / "design.yaml")
    data, fitted = state.load(folder / "state"), parts.load(folder / "parts")
    pipeline = fitted.over(data)
    requests = question(design, pipeline, int(data.log.available.max(initial=0)) + 1, user, item, text, likes)
    k = min(k or places(design), max(len(data.items), 1))
    found = pipeline.answer(requests, k, trace=True)
    case = Case(pipeline=pipeline, rerankers=[name for name, _ in fitted.rerankers], requests=requests, answers=found, k=k)
    told = {"user": None if user is None else str(user), "known": bool(requests.user[0] >= 0), "solution": about["solution"],
            "bundle": folder.name, **said(design, pipeline, requests, found)}
    wanted = None if item is None or requests.item is not None else code_of(data.items, item)
    return told | (why(case) if explain else {}) | ({} if wanted is None else {"story": story(case, int(wanted[0]))})


def question(design: Design, pipeline: Pipeline, time: int, user: Id | None, item: Id | None, text: str | None,
             likes: Sequence[Id] = ()) -> Requests:
    """One question of a design, at a moment (µs); SevenfoldError where it lacks what the design asks about."""
    data, events, asks = pipeline.view.data, design.data.events, pipeline.view.asks
    predicts = design.framing.task in PREDICTION
    for name, column, value in (("item", events.item if predicts else None, item), ("text", asks, text),
                                ("user", None if predicts or asks else events.user, user)):
        if column is not None and value is None:
            raise SevenfoldError(name, f"this design answers about the {name} '{column}', and none was given",
                                 f"Give one: --{name}.")
    wanted = np.array([NOBODY], dtype=np.int32) if item is None else code_of(data.items, item)
    if item is not None and wanted[0] < 0 and not predicts:
        raise SevenfoldError("item", f"no item is called '{item}'", "Name one as the data write it.")
    if likes and TASKS[design.framing.task].withheld != "seen":
        raise SevenfoldError("likes", "questions of this design take no items that somebody likes", "Leave --likes out.")
    liked = [int(code_of(data.items, one)[0]) for one in likes]
    if -1 in liked:
        raise SevenfoldError("likes", f"no item is called '{likes[liked.index(-1)]}'", "Name those that the data know.")
    return Requests(time=np.array([time]), item=wanted if predicts else None,
                    likes=np.array([liked], dtype=np.int32) if liked else None,
                    user=np.array([NOBODY], dtype=np.int32) if user is None else code_of(data.users, user),
                    context={} if asks is None else {asks: np.array([text], dtype=object)})


def said(design: Design, pipeline: Pipeline, requests: Requests, found: Answers, row: int = 0) -> dict[str, Any]:
    """What an answer says, as plain values: `items` with scores, or the `number`, `probability` and `decision`.

    Of a search each item comes with the passage that answers, and where in it the words stand that were asked for.
    """
    if design.framing.task not in PREDICTION:
        shown = zip(found.items[row], found.scores[row], strict=True)
        return {"items": [{**named(pipeline.view.data, code), "score": round(float(score), 6),
                           **_passage(design, pipeline, requests, row, int(code))} for code, score in shown if code >= 0]}
    number = float(found.scores[row, 0])
    if design.framing.task not in CLASSES:
        limits = design.framing.answer.range
        return {"number": number if limits is None else min(max(number, limits.low), limits.high)}
    decides = design.framing.answer.decision is not None and pipeline.threshold is not None
    return {"probability": number, **({"decision": number >= (pipeline.threshold or 0.0)} if decides else {})}


def _passage(design: Design, pipeline: Pipeline, requests: Requests, row: int, item: int) -> dict[str, Any]:
    items, text = design.data.items, pipeline.view.text(requests)
    if text is None or items is None or not items.text:
        return {}
    table = pipeline.view.data.items.table
    body = " ".join(str(table[name][item].as_py() or "") for name in items.text)
    passage = snippet(body, str(text[row]))
    return {"snippet": passage.text, "highlights": [list(span) for span in passage.spans]}


def code_of(entities: Entities, key: Id) -> I32:
    """The code of a user or an item [1]; -1 of one that the log does not know."""
    text = str(key)
    if entities.ids.dtype.kind not in "iu":
        return entities.codes(np.array([text]))
    digits = text.removeprefix("-")
    whole = digits.isascii() and digits.isdigit() and len(digits) < 19
    return entities.codes(np.array([int(text)])) if whole else np.array([-1], dtype=np.int32)
