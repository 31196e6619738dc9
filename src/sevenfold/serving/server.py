"""One serving process: a bundle that answers, an intake that writes, and lists that stand behind them.

What answers, in this order: the pipeline with the user's events; where the store is late or too many ask, the user's
list; else the pipeline with the events of the bundle's own log; else the answer for somebody whom nobody knows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from sevenfold import stores
from sevenfold.bundle import manifest
from sevenfold.design.sections import Design
from sevenfold.errors import SevenfoldError, StoreError, Unavailable
from sevenfold.nouns import DAY, SECOND
from sevenfold.serving import meters, model_server
from sevenfold.serving.access import Key
from sevenfold.serving.answering import Answered, Answering, Shown, written
from sevenfold.serving.asked import Ask, Refusal
from sevenfold.serving.impressions import Impressions, kept, redact
from sevenfold.serving.intake import Busy, Intake
from sevenfold.serving.lists import NOBODY, Lists
from sevenfold.serving.live import Live, clock

WITHIN = 1.0  # s for an answer where the design promises nothing
STATE = 0.05  # s for a user's events where the design gives retrieval no time
WATCH = 1.0  # s between two looks at the run's pointer
EXPLAINED = 10.0  # s for an explanation


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What `sevenfold serve` was told."""

    run: Path
    store: str
    lists: str  # where batch lists lie
    clock: str  # wall, or the log's
    started: int  # µs since 1970: the same for all workers
    hosts: tuple[str, ...]
    keys: tuple[Key, ...] = ()


class Receipt(msgspec.Struct):
    """That nothing of a user from before a moment is read any more."""

    user: str
    moment: int  # µs since 1970
    events: int  # of the user's own that the state held
    entries: int  # of the log that no longer name the user
    answers: int  # that were kept, and no longer say to whom they were given
    lists: int


class Server:
    """Loads and warms up in its maker; ready between `open` and `close`."""

    def __init__(self, settings: Settings) -> None:
        self.ready = False
        self._settings = settings
        self._opened = ExitStack()
        self._store = self._opened.enter_context(stores.open(settings.store))
        apart = settings.lists != settings.store
        self._lists_store = self._opened.enter_context(stores.open(settings.lists)) if apart else self._store
        self._use(self._loaded())
        self._impressions = Impressions(self._store, kept(self.live.memory.design))

    def _loaded(self) -> Live:
        """The bundle that the run's pointer names, checked and warm."""
        live = Live(self._settings.run, self._store)
        live.catch_up()
        live.warm_up()
        return live

    def _use(self, live: Live) -> None:
        """Let a bundle answer from now on."""
        design, batch = live.memory.design, live.memory.design.serving.batch
        now = partial(clock, live, self._settings.clock, self._settings.started)
        self.live = live
        self.within = promised(design)
        self._share = design.serving.log
        self._nobody = _nobody(live, now()) if live.context.of_users else None
        self._lists = Lists(self._lists_store, 2 * (batch.every if batch else DAY / SECOND))
        self._only_lists = live.context.of_users and batch is not None and batch.for_ == "everything"
        within = design.serving.retrieve.within or STATE
        self.answering = Answering(live, now, None if _here(self._settings.store) else within)
        self.intake = Intake(live.memory)

    async def watch(self, every: float = WATCH) -> None:
        """Swap a new bundle in when the run's pointer names one; one that fails its checks is left alone, and said so."""
        refused = ""
        while True:
            await asyncio.sleep(every)
            name = ""
            try:
                name = manifest.live(self._settings.run).name
                if name in (self.version, refused):
                    continue
                if not await asyncio.to_thread(model_server.ready, self._settings.run):
                    continue  # a model server loads the model first; until then the old bundle goes on
                live = await asyncio.to_thread(self._loaded)
            except SevenfoldError as error:
                refused = name
                logging.getLogger(__name__).error("bundle %s is refused: %s", name, error)
                continue
            old = self.intake, self.answering
            self._use(live)  # between two requests: both are handed over here, in the loop that all requests come through
            for one in old:
                await asyncio.to_thread(one.close)

    @property
    def version(self) -> str:
        """The bundle that answers."""
        return self.live.version

    def open(self) -> None:
        """Requests come from now on."""
        self.ready = True

    def close(self) -> None:
        """Finish what waits."""
        self.ready = False
        self.intake.close()
        self.answering.close()
        self._impressions.close()
        self._opened.close()

    def check(self, ask: Ask) -> None:
        """`Refusal` of what the design is not asked."""
        self.live.context.check(ask)

    def gauge(self) -> None:
        """Tell what waits and how far the log was read."""
        meters.WAITING.labels("answer").set(self.answering.waiting)
        meters.WAITING.labels("events").set(self.intake.waiting)
        meters.READ.set(self.live.offset)

    async def answer(self, asks: Sequence[Ask]) -> list[Answered]:
        """The best that can be answered in time; `Busy` where nothing can."""
        if self._only_lists:
            listed = await self._listed(asks)
            if listed is None:
                raise Busy("lists", "none can be read", "Make them with `sevenfold batch`, and check their store.", 503)
            return listed
        answers, late = None, "online"
        try:
            answers = await asyncio.wait_for(asyncio.wrap_future(self.answering.submit(asks)), self.within)
            if not any("state" in one.degraded for one in answers):
                return answers
            late = "state"
            if self._lists_store is self._store:
                return answers
        except TimeoutError:
            pass
        except Unavailable as error:  # of a prediction, which has nothing to fall back to
            raise Busy(error.where, error.problem, error.hint, 503) from error
        except Busy:
            if (listed := await self._listed(asks)) is None:
                raise
            return _degraded(listed, late)
        listed = await self._listed(asks)
        if listed is not None:
            return _degraded(listed, late)
        if answers is None and self._nobody is None:
            raise Busy("answer", f"is not there within {self.within:g} s", "Ask again a little later.", 503)
        return answers or _degraded([self._stranger(ask) for ask in asks], late)

    def keep(self, answers: Sequence[Answered]) -> None:
        """Remember what was shown."""
        self._impressions.add(answers, self.answering.clock(), self._share)

    def forget(self, user: str) -> Receipt:
        """Delete a user from state, lists and log."""
        moment = self.answering.clock()
        events, entries = self.live.memory.forget(user, moment)
        return Receipt(user=user, moment=moment, events=events, entries=entries, answers=redact(self._store, user),
                       lists=self._lists.drop(user))

    async def explain(self, ask: Ask, item: str | None) -> dict[str, Any]:
        """One answer and how it came about; of an item also what became of it."""
        code = -1 if item is None else self.live.memory.item(item)
        if item is not None and code < 0:
            raise Refusal("query.item", f"no item is called '{item[:60]}'", "Name an item of the bundle's catalogue.", 404)
        waiting = self.answering.submit([ask], explain=True, item=code)
        try:
            (found,) = await asyncio.wait_for(asyncio.wrap_future(waiting), EXPLAINED)
        except TimeoutError as error:
            raise Busy("explain", f"is not there within {EXPLAINED:g} s", "Ask again a little later.", 503) from error
        return dict(found)

    def similar(self, item: str, k: int | None) -> list[Shown] | None:
        """Items next to one; None where nobody knows it."""
        found = self.live.similar(item, k or self.live.k)
        return None if found is None else [Shown(*one) for one in found]

    async def _listed(self, asks: Sequence[Ask]) -> list[Answered] | None:
        try:
            if _here(self._settings.lists):
                return self._lists.of(asks, self.live.k)
            return await asyncio.wait_for(asyncio.to_thread(self._lists.of, asks, self.live.k), self.within)
        except (TimeoutError, StoreError):
            return None

    def _stranger(self, ask: Ask) -> Answered:
        nobody = self._nobody
        assert nobody is not None
        assert ask.user is not None
        assert nobody.items
        return msgspec.structs.replace(nobody, user=ask.user, items=nobody.items[:ask.k or self.live.k])


def _here(store: str) -> bool:
    """Whether a store is read on this machine, in microseconds, so that nobody need wait for it in another thread."""
    return store.startswith(("lmdb:", "memory:"))


def promised(design: Design) -> float:
    """Seconds within which an answer is due."""
    stages = [getattr(design.serving, stage).within or 0.0 for stage in ("retrieve", "rank", "rerank", "predict")]
    return design.requirements.limits.p99 or sum(stages) or WITHIN


def _nobody(live: Live, moment: int) -> Answered:
    ask = Ask(user=NOBODY)
    return written(live, [ask], live.answer([ask], [b""], live.k, moment), [], {})[0]


def _degraded(answers: Sequence[Answered], late: str) -> list[Answered]:
    return [msgspec.structs.replace(one, degraded=[late, *one.degraded]) for one in answers]
