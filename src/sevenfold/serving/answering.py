"""Answers under load: what waits is answered together by one thread; what is late gets less, and says so.

Answering   a queue with an end, and the thread that empties it; only this thread touches `Live`. Questions go before
            explanations, of which one is made at a time: no answer waits for two, and one that nobody waits for is not begun
States      users' events from the store, within a time: while a store has not answered at last, it is not asked again
Tail        reads what others wrote into the store's log, for the items' state
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from sevenfold.errors import StoreError, Unavailable
from sevenfold.nouns import NOBODY, Log
from sevenfold.run.explaining import story, why
from sevenfold.serving.arrivals import Entry
from sevenfold.serving.asked import Ask
from sevenfold.serving.intake import LONGEST, Busy
from sevenfold.serving.live import REFRESH, Found, Live
from sevenfold.serving.memory import Memory
from sevenfold.serving.pace import Budgets, Pace

WAITING = 512  # questions that may wait
TOGETHER = 32  # questions in one call of the pipeline
REST = 1.0  # s between two tries of a store that is lost
POLL = 0.05  # s between two looks at the store's log
CHUNK = 1000  # events of other writers taken between two answers


class Shown(msgspec.Struct):
    """An item and what the last model thought of it; of a search the passage that answers, and where in it the words stand."""

    item: str | int
    score: float
    snippet: str | UnsetType = UNSET
    highlights: list[tuple[int, int]] | UnsetType = UNSET


class Answered(msgspec.Struct, kw_only=True, dict=True):
    """An answer, items or what is predicted, from which version, after how many events, in which milliseconds.

    How it came about may travel with it as `traced`: (item ids, what was found, its row there); that is not sent.
    """

    user: str | int | UnsetType = UNSET
    item: str | int | UnsetType = UNSET
    items: list[Shown] | UnsetType = UNSET
    number: float | UnsetType = UNSET
    probability: float | UnsetType = UNSET
    decision: bool | UnsetType = UNSET
    version: str
    events: int = 0  # of the store's log had been read for the items' state
    degraded: list[str] = []  # what was late or lost, and did not take part
    timings: dict[str, float] = {}


@dataclass(frozen=True)
class _Job:
    asks: Sequence[Ask]
    explain: bool
    item: int  # whose story is told besides; -1 of none
    came: float = field(default_factory=time.monotonic)
    done: Future[list[Any]] = field(default_factory=Future)


class Answering:
    """Takes questions until too many wait."""

    def __init__(self, live: Live, clock: Callable[[], int], within: float | None) -> None:
        self.live = live
        self.clock = clock
        self.states = States(live.memory, within)
        self.budgets = Budgets(live.memory.design)
        self._jobs: deque[_Job] = deque()
        self._explanations: deque[_Job] = deque()
        self._waiting = 0
        self._changed = Condition()
        self._tail = Tail(live.memory, live.offset, self._changed)
        self._open = True
        self._thread = Thread(target=self._work, name="answering", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Questions that wait."""
        return self._waiting

    def submit(self, asks: Sequence[Ask], *, explain: bool = False, item: int = NOBODY) -> Future[list[Any]]:
        """Questions to be answered together with others; `Busy` where too many wait already."""
        job = _Job(asks, explain, item)
        with self._changed:
            if not self._open or self._waiting + len(asks) > WAITING:
                raise Busy("answer", f"{self._waiting} questions wait to be answered", "Ask again a little later.", 503)
            self._waiting += len(asks)
            (self._explanations if explain else self._jobs).append(job)
            self._changed.notify()
        return job.done

    def close(self) -> None:
        """Answer what waits, take nothing more."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join(LONGEST)
        self._tail.close()
        self.states.close()
        if self.live.model_server:
            self.live.model_server.close()

    def _work(self) -> None:
        while (jobs := self._next()) is not None:
            for more in self._tail.taken():
                self.live.take(*more)
            self.live.follow(REFRESH)
            for explain, answer in ((False, self._answered), (True, self._explained)):
                self._settle([job for job in jobs if job.explain == explain and job.done.set_running_or_notify_cancel()], answer)

    def _next(self) -> list[_Job] | None:
        """What is answered now: nothing where only the log has grown; None when this is closed and all is answered."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._explanations or self._tail.waiting or not self._open)
            if not self._jobs and not self._explanations and not self._open:
                return None
            jobs: list[_Job] = []
            size = 0
            while self._jobs and (not jobs or size + len(self._jobs[0].asks) <= TOGETHER):
                jobs.append(self._jobs.popleft())
                size += len(jobs[-1].asks)
            if self._explanations:
                jobs.append(self._explanations.popleft())
                size += 1
            self._waiting -= size
        return jobs

    def _settle(self, jobs: Sequence[_Job], answer: Callable[[Sequence[_Job]], list[list[Any]]]) -> None:
        """Give each job its answers; where they cannot be found together, each alone, so that one harms no other."""
        if not jobs:
            return
        try:
            found = answer(jobs)
        except Unavailable as error:  # no question is to blame
            for job in jobs:
                job.done.set_exception(error)
            return
        except Exception as error:
            if len(jobs) == 1:
                logging.getLogger(__name__).exception("a question could not be answered")
                jobs[0].done.set_exception(error)
                return
            for job in jobs:
                self._settle([job], answer)
            return
        for job, answers in zip(jobs, found, strict=True):
            job.done.set_result(answers)

    def _answered(self, jobs: Sequence[_Job]) -> list[list[Any]]:
        asks = [ask for job in jobs for ask in job.asks]
        answers: list[Answered | None] = [None] * len(asks)
        sizes: dict[int, list[int]] = {}
        for row, ask in enumerate(asks):
            sizes.setdefault(ask.k or self.live.k, []).append(row)
        for k, rows in sizes.items():
            for at in range(0, len(rows), TOGETHER):
                some = rows[at:at + TOGETHER]
                for row, answer in zip(some, self._block([asks[row] for row in some], k, jobs[0].came), strict=True):
                    answers[row] = answer
        each = iter(answers)
        return [[next(each) for _ in job.asks] for job in jobs]

    def _block(self, asks: Sequence[Ask], k: int, came: float) -> list[Answered]:
        began = time.monotonic()
        blobs, degraded = self.states.of([ask.who for ask in asks])
        fetched = time.monotonic()
        pace = Pace(self.budgets, self.live.sources, len(asks), came)
        due = came + self.budgets.ends.get("rank", math.inf)
        found = self.live.answer(asks, blobs, k, self.clock(), late=pace, trace=True, due=due)
        self.budgets.learn(found.pipeline.clock, len(asks), pace.skipped)
        timings = {"wait": began - came, "state": fetched - began, **found.pipeline.clock}
        told = written(self.live, asks, found, degraded + pace.skipped, {name: round(s * 1e3, 3) for name, s in timings.items()})
        for row, one in enumerate(told):
            vars(one)["traced"] = self.live.ids, found, row
        return told

    def _explained(self, jobs: Sequence[_Job]) -> list[list[Any]]:
        (job,) = jobs
        (ask,) = job.asks
        k = ask.k or self.live.k
        blobs, degraded = self.states.of([ask.who])
        found = self.live.answer([ask], blobs, k, self.clock(), trace=True)
        (answer,) = written(self.live, [ask], found, degraded, {})
        case = self.live.case(found, k)
        told = {} if job.item < 0 else {"story": story(case, job.item)}
        return [[{**msgspec.to_builtins(answer), **why(case), **told}]]


def written(live: Live, asks: Sequence[Ask], found: Found, degraded: Sequence[str], timings: dict[str, float]) -> list[Answered]:
    """Answers with the items' own ids."""
    if live.context.of_users:
        said: list[dict[str, Any]] = [
            {"items": [Shown(live.ids[item], score) for item, score in zip(items, scores, strict=True) if item >= 0]}
            for items, scores in zip(found.answers.items.tolist(), found.answers.scores.tolist(), strict=True)]
    else:
        said = [live.said(found, row) for row in range(len(asks))]
        for one in said:
            if "items" in one:
                one["items"] = msgspec.convert(one["items"], list[Shown])
    return [Answered(user=UNSET if ask.user is None else ask.user, item=UNSET if ask.item is None else ask.item, **one,
                     version=live.version, events=found.offset, degraded=list(degraded), timings=timings)
            for ask, one in zip(asks, said, strict=True)]


class States:
    """Users' events from the store, where it tells them within so many seconds; None: at once, for a store on this machine."""

    def __init__(self, memory: Memory, within: float | None) -> None:
        self._memory = memory
        self._within = within
        self._late: Future[list[bytes]] | None = None
        self._pool = ThreadPoolExecutor(1, "states")

    def of(self, users: Sequence[str]) -> tuple[list[bytes], list[str]]:
        """Each user's events, and what was degraded: `state` where the store is late, and the bundle's log has to do."""
        try:
            if self._within is None:
                return self._memory.blobs(users), []
            if self._late is None or self._late.done():
                self._late = self._pool.submit(self._memory.blobs, users)
                return self._late.result(self._within), []
        except (TimeoutError, StoreError):
            pass
        return [self._memory.before(user) for user in users], ["state"]

    def close(self) -> None:
        """Wait for nothing."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Tail:
    """The store's log, followed by a thread of its own."""

    def __init__(self, memory: Memory, offset: int, changed: Condition) -> None:
        self._memory = memory
        self._offset = offset
        self._changed = changed
        self._found: deque[tuple[Log, list[str], int, list[Entry]]] = deque()
        self._stop = Event()
        self._thread = Thread(target=self._follow, name="tail", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> bool:
        """Whether events were read that nobody has taken."""
        return bool(self._found)

    def taken(self) -> list[tuple[Log, list[str], int, list[Entry]]]:
        """The next events, if there are any."""
        return [self._found.popleft()] if self._found else []

    def close(self) -> None:
        """Follow no longer; a store that does not answer is not waited for."""
        self._stop.set()
        self._thread.join(LONGEST)

    def _follow(self) -> None:
        wait, lost = 0.0, False
        while not self._stop.wait(wait):
            try:
                wait, lost = 0.0 if self._read() else POLL, False
            except StoreError as error:
                if not lost:
                    logging.getLogger(__name__).warning("the log cannot be read: %s", error.problem)
                wait, lost = REST, True

    def _read(self) -> bool:
        """Read on, unless what was read still waits; whether there was something."""
        if len(self._found) > 1:
            return False
        chunks = list(self._memory.since(self._offset, CHUNK))
        with self._changed:
            self._offset += sum(entries for _, _, entries, _ in chunks)
            self._found.extend(chunks)
            self._changed.notify()
        return bool(chunks)
