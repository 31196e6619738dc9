"""Events and attributes taken durably: one thread collects what has come from all clients and writes it in one change."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from io import BytesIO
from threading import Condition, Thread

import msgspec
import numpy as np
import pyarrow as pa

from sevenfold.data.arriving import arriving
from sevenfold.data.times import latest, microseconds
from sevenfold.errors import nearest
from sevenfold.nouns import I64
from sevenfold.serving.arrivals import Entry, available_at, plain
from sevenfold.serving.asked import Event, Fault, Refusal
from sevenfold.serving.memory import Memory

WAITING = 50_000  # events that may wait to be written
LONGEST = 30.0  # s that a store gets for what waits at the end
TOGETHER = 5_000  # events in one change: the disk is waited for once


class Busy(Refusal):
    """More waits than can be done soon."""


class Outcome(msgspec.Struct):
    """How the events of one call fared; what was refused is told by its place in the call, from 0."""

    taken: int = 0
    known: int = 0
    refused: dict[int, Fault] = {}


@dataclass(frozen=True)
class _Call:
    events: Sequence[Event]
    told: Sequence[Entry] = ()
    done: Future[Outcome] = field(default_factory=Future)


class Intake:
    """Takes calls in the order in which they come; who waits for a call's outcome knows that it is durable."""

    def __init__(self, memory: Memory) -> None:
        self.memory, self.latest = memory, latest
        self.waiting = 0  # events
        self._calls: deque[_Call] = deque()
        self._changed = Condition()
        self._open = True
        self._thread = Thread(target=self._work, name="intake", daemon=True)
        self._thread.start()

    def submit(self, events: Sequence[Event], told: Sequence[Entry] = ()) -> Future[Outcome]:
        """Events and attributes to be taken; `Busy` where too many wait already. The future fails where the store does."""
        call = _Call(events, told)
        with self._changed:
            if not self._open or self.waiting + len(events) + len(told) > WAITING:
                raise Busy("events", f"{self.waiting} events wait to be written", "Send them again a little later.", 429)
            self.waiting += len(events) + len(told)
            self._calls.append(call)
            self._changed.notify()
        return call.done

    def close(self) -> None:
        """Write what waits, take nothing more."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join(LONGEST)

    def _work(self) -> None:
        while calls := self._next():
            try:
                outcomes = self._taken(calls)
            except Exception as error:  # whoever waits is told; the thread goes on
                for call in calls:
                    call.done.set_exception(error)
            else:
                for call, outcome in zip(calls, outcomes, strict=True):
                    call.done.set_result(outcome)

    def _next(self) -> list[_Call]:
        """The calls to be written together; none when this is closed and all is written."""
        with self._changed:
            self._changed.wait_for(lambda: self._calls or not self._open)
            calls: list[_Call] = []
            size = 0
            while self._calls and (not calls or size + len(self._calls[0].events) + len(self._calls[0].told) <= TOGETHER):
                calls.append(self._calls.popleft())
                size += len(calls[-1].events) + len(calls[-1].told)
            self.waiting -= size
        return [call for call in calls if call.done.set_running_or_notify_cancel()] or (self._next() if calls else [])

    def _taken(self, calls: Sequence[_Call]) -> list[Outcome]:
        """Write what came; what became of each call's."""
        fates = iter(self._written([event for call in calls for event in call.events],
                                   [entry for call in calls for entry in call.told]))
        outcomes = []
        for call in calls:
            mine = [next(fates) for _ in call.events]
            outcomes.append(Outcome(taken=mine.count("taken") + len(call.told), known=mine.count("known"), refused={
                place: fate for place, fate in enumerate(mine) if isinstance(fate, Fault)}))
        return outcomes

    def _written(self, events: Sequence[Event], told: Sequence[Entry]) -> list[str | Fault]:
        """Of each event: taken, known, or the reason why it is refused."""
        log, known = self.memory.design.data.events, set(self.memory.schema.names)
        fates: list[str | Fault] = [_strange(event, known) for event in events]
        good = [row for row, fate in enumerate(fates) if not fate]
        if not good:
            if told:
                none = np.zeros(0, dtype=np.int64)
                self.memory.take(self.memory.schema.empty_table(), none, none, [], told)
            return fates
        times = [name for name in (log.time, log.available) if name]
        table = plain([events[row].values for row in good], self.memory.schema, [*self.memory.roles.values(), *times], times)
        moments = {} if table is None else {name: microseconds(table[name], where=name) for name in times}
        if table is None or max(int(one.max()) for one in moments.values()) > self.latest():
            table, good, moments = self._read(events, good, times, fates)
        taken = self.memory.take(table, *available_at(log, moments), [events[row].id for row in good], told)
        for place, row in enumerate(good):
            fates[row] = "taken" if place in taken.rows else "known"
        return fates

    def _read(self, events: Sequence[Event], good: Sequence[int], times: Sequence[str],
              fates: list[str | Fault]) -> tuple[pa.Table, list[int], dict[str, I64]]:
        """The events as the reader of files takes them: their table, rows and times; the others get their fate."""
        lines = b"\n".join(msgspec.json.encode(events[row].values) for row in good)
        chunks = list(arriving(BytesIO(lines), columns={one.name: one.type for one in self.memory.schema}, kind="jsonl",
                               needed=[*self.memory.roles.values()], times=times, chunk=len(good),
                               latest=self.latest))
        rows = [good[line - 1] for chunk in chunks for line in chunk.rows.tolist()]
        for chunk in chunks:
            for one in chunk.refused:
                fates[good[one.row - 1]] = Fault(".".join(filter(None, ("values", one.column))),
                                                 one.reason.removeprefix(f"column '{one.column}'").lstrip(": "),
                                                 one.hint or "Send the columns of the log, each of its kind.")
        table = pa.concat_tables([chunk.table for chunk in chunks]).select(self.memory.schema.names)
        return table, rows, {name: np.concatenate([chunk.times[name] for chunk in chunks]) for name in times}


def _strange(event: Event, known: set[str]) -> Fault | str:
    """Why an event cannot be read by anybody; nothing where it can."""
    unknown = next((name for name in event.values if name not in known), None)
    if unknown is None:
        return ""
    return Fault(f"values.{unknown:.60}", "no column of the log is called that", nearest(unknown, known))
