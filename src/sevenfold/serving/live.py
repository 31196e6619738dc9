"""A run's live bundle, loaded to answer: the same `Pipeline.answer` for HTTP, for batch lists and for evaluation.

Users' state comes from the store with each request; items' state is kept here and follows the store's log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold.bundle import parts
from sevenfold.data.unclocked import NEVER
from sevenfold.evaluation.comparison import places
from sevenfold.features.online import Online
from sevenfold.funnel.candidates import merged
from sevenfold.funnel.pipeline import Pipeline, best, fuse, never
from sevenfold.nouns import I32, SECOND, Answers, Data, Log, Requests, Visits
from sevenfold.run.answering import said
from sevenfold.run.explaining import Case
from sevenfold.serving import model_server
from sevenfold.serving.arrivals import Entry
from sevenfold.serving.asked import Ask, Context, asked
from sevenfold.serving.attributes import Attributes
from sevenfold.serving.memory import Memory
from sevenfold.serving.noted import Noted
from sevenfold.stores import Store

REFRESH = 30.0  # s between two times that popularity is counted anew
COLUMNS = ("available", "user", "item")  # what they read
RENEWING = 0.1  # share of the time that may go into binding attributes anew


@dataclass(frozen=True, kw_only=True)
class Found:
    """Answers to questions, and what gave them: `offset` entries of the store's log had been read."""

    answers: Answers
    requests: Requests
    pipeline: Pipeline
    offset: int
    features: Sequence[str] = ()  # of each answer a hash of what the ranker read of the items in it, when traced


class Live:
    """One thread at a time takes events and answers."""

    def __init__(self, run: Path, store: Store) -> None:
        self.memory = Memory(run, store)
        base = self.memory.base
        self.version = self.memory.bundle.name
        self.context = Context(self.memory)
        self.k = places(self.memory.design)
        self.ids: list[Any] = base.items.ids.tolist()
        known = base.log.available < NEVER
        self.end = int(base.log.available.max(initial=0, where=known)) + 1  # the first moment that knows all of the bundle's log
        self.offset = self.memory.start
        self._attributes = Attributes(self.memory)
        self._told, self._renewed, self._took = False, 0.0, 0.0
        self.newcomers: dict[str, int] = {}  # users whom the bundle's log does not know, by codes behind its own
        self._parts = parts.load(self.memory.bundle / "parts")
        self.model_server = model_server.of(self.memory.design, self.memory.bundle, self._parts.ranker)
        self._pipeline = self._parts.over(replace(base, log=base.log.take(np.arange(0))))
        self._online = Online(self.memory.features, base)
        self._online.arrive(base.log, self.memory.names(base.log))
        if self._parts.rerankers:
            _ = self._online._view.content  # kept by the views of all requests, which are copies of this one
        self._acts = [_acts(base.log)]
        self._followed, self._stale, self._reach = 0.0, True, 0
        self._builder = ThreadPoolExecutor(1)
        self._building: Future[tuple[int, dict[str, Any]]] | None = None
        self.follow()

    @property
    def sources(self) -> list[str]:
        """The names of the retrievers."""
        return list(self._pipeline.retrievers)

    def catch_up(self) -> None:
        """Take all that the store's log has beyond what was read."""
        for more in self.memory.since(self.offset):
            self.take(*more)
        self.follow()

    def take(self, log: Log, users: Sequence[str], entries: int, told: Sequence[Entry]) -> None:
        """Take the store's next entries: the events that they are, whose users, and what they tell of users and items."""
        self._online.arrive(log, users)
        self.offset += entries
        self._attributes.take(told)
        self._told = self._told or bool(told)
        self._acts.append(_acts(replace(log, user=self._codes(log, users))))
        self._stale = True

    def _codes(self, log: Log, users: Sequence[str]) -> I32:
        """[n] the users' codes, newcomers' too; -1 of nobody."""
        known = len(self.memory.base.users)
        return np.array([code if code >= 0 or not user else self.newcomers.setdefault(user, known + len(self.newcomers))
                         for user, code in zip(users, log.user.tolist(), strict=True)], dtype=np.int32)

    def _renew(self) -> None:
        """Let features read attributes as they are now."""
        began = time.monotonic()
        data, told = self._attributes.data()
        self._online.told(data)
        self._grow(data)
        self.memory.told, self._told, self._renewed = told, False, time.monotonic()
        self._took = self._renewed - began

    def _grow(self, data: Data) -> None:
        """Let sources place items that came later: by what is told of them, or, where they follow the log, by their events."""
        more = self._online.content[len(self.memory.base.items):]
        if len(more):
            grown = {name: part.extended(more) for name, part in self._parts.retrievers.items() if hasattr(part, "extended")}
            self._pipeline = replace(self._pipeline, retrievers={**self._pipeline.retrievers, **grown})
        if len(data.items) > len(self.ids):
            self.ids = data.items.ids.tolist()
            self._stale = True

    def follow(self, every: float = 0.0) -> None:
        """Let retrievers that follow a log read it as it is now, unless they did less than `every` seconds ago.

        With `every` they are made beside the answering thread, and taken when they are ready. Attributes count at once, but
        that binding them takes no more than a share of the time.
        """
        if self._told and (not every or self._took <= RENEWING * (time.monotonic() - self._renewed)):
            self._renew()
        if self._building is not None and (not every or self._building.done()):
            self._swap(self._building.result())
        at_once = not every or len(self.ids) > self._reach  # all sources must reach the same items
        if self._stale and (at_once or (self._building is None and time.monotonic() - self._followed >= every)):
            self._followed, self._stale = time.monotonic(), False
            self._building = self._builder.submit(self._following, *self._positive())
            if at_once:
                self._swap(self._building.result())

    def _positive(self) -> tuple[Log, int]:
        """The positive events of the items that sources reach, and how many items these are."""
        self._acts = [{name: np.concatenate([one[name] for one in self._acts]) for name in COLUMNS}]
        (acts,) = self._acts
        kept = acts["item"] < len(self.ids)
        acts = {name: column[kept] for name, column in acts.items()}
        log = Log(time=acts["available"], available=acts["available"], user=acts["user"], item=acts["item"],
                  positive=np.ones(len(acts["item"]), dtype=np.bool_), table=pa.table({}))
        return log, len(self.ids)

    def _following(self, log: Log, items: int) -> tuple[int, dict[str, Any]]:
        """The sources that follow a log, over this one; made beside the answering thread."""
        return items, {name: part.following(log, items) for name, part in self._parts.retrievers.items()
                       if hasattr(part, "following")}

    def _swap(self, built: tuple[int, dict[str, Any]]) -> None:
        """Let answers read these sources, unless there are more items by now than they know."""
        self._building = None
        items, sources = built
        if items == len(self.ids):
            self._pipeline = replace(self._pipeline, retrievers={**self._pipeline.retrievers, **sources})
            self._reach = items

    def answer(self, asks: Sequence[Ask], blobs: Sequence[bytes], k: int, moment: int, *, trace: bool = False,
               late: Callable[..., bool] = never, due: float | None = None) -> Found:
        """The k best items for each question, or what is predicted, at one moment (µs); `blobs` are the users' events.

        A model server, where there is one, is asked until `due` on the monotonic clock; without it the ranker is at hand.
        """
        requests = asked(asks, self.memory, self.context, moment)
        pipeline = replace(self._pipeline, view=self._online.view(blobs, moment), late=late, clock={})
        if self.model_server and due is not None:
            pipeline = replace(pipeline, ranker=self.model_server.until(due))
        noted = Noted(pipeline.ranker) if trace and pipeline.ranker else None
        answers = (replace(pipeline, ranker=noted) if noted else pipeline).answer(requests, k, trace=trace)
        return Found(answers=answers, requests=requests, pipeline=pipeline, offset=self.offset,
                     features=noted.hashes(answers) if noted else [""] * len(asks))

    def said(self, found: Found, row: int) -> dict[str, Any]:
        """What one answer says, as plain values."""
        return said(self.memory.design, found.pipeline, found.requests, found.answers, row)

    def case(self, found: Found, k: int) -> Case:
        """One traced answer, to be explained."""
        return Case(pipeline=found.pipeline, rerankers=[name for name, _ in self._parts.rerankers], requests=found.requests,
                    answers=found.answers, k=k)

    def similar(self, item: str, k: int) -> list[tuple[Any, float]] | None:
        """The k items that sources propose to who chose only this one; by content where no source reads a history.

        None where the bundle does not know the item.
        """
        code = self.memory.item(item)
        if code < 0:
            return None
        visits = Visits(time=np.array([self.end]), user=np.array([-1], dtype=np.int32),
                        history=np.array([[code]], dtype=np.int32))
        sources = self._pipeline.retrievers.items()
        scores = {name: np.array(source.scores(visits)) for name, source in sources if not hasattr(source, "following")}
        content = self._online.content
        if not scores and content.shape[1]:
            scores = {"content": (content @ content[code])[None]}
        if not scores:
            return []
        for found in scores.values():
            found[:, code:code + 1] = -np.inf  # of an item that the source does not know there is nothing to leave out
        candidates = merged(scores, k)
        together = fuse(candidates)
        return [(self.ids[candidates.item[row]], float(together[row])) for row in best(candidates, together, k)]

    def warm_up(self, times: int = 20) -> None:
        """Answer questions like the log's last events, one by one, as of its end."""
        for ask in self.examples(times):
            self.answer([ask], self.memory.blobs([ask.who]), self.k, self.end)

    def examples(self, times: int) -> list[Ask]:
        """Questions like those of the log's last events."""
        base = self.memory.base
        log, fields = base.log.take(np.arange(len(base.log))[-times:]), self.context.fields
        columns = {name: np.array(log.table[name].to_pylist(), dtype=object) for name in log.table.column_names
                   if name == self.context.asks}
        text = self._pipeline.view.text(Requests(time=log.time, user=log.user, context=columns))
        return [Ask(user=user if "user" in fields else None, item=self.ids[item] if "item" in fields and item >= 0 else None,
                    text=None if text is None else str(text[row]))
                for row, (user, item) in enumerate(zip(self.memory.names(log), log.item.tolist(), strict=True))]


def _acts(log: Log) -> dict[str, Any]:
    """The positive events of items."""
    kept = log.positive & (log.item >= 0)
    return {name: getattr(log, name)[kept] for name in COLUMNS}


def clock(live: Live, of: str, started: int) -> int:
    """The moment (µs) that is now: on the `wall`, or on the `log`'s, which goes on from its end since `started`.

    Of data without a clock it is always their end.
    """
    now = time.time_ns() * SECOND // 10**9
    if not live.memory.clocked:
        return live.end
    return now if of == "wall" else live.end + now - started
