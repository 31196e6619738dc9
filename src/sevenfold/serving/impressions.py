"""What was shown, kept in the store beside the log of events, for whoever learns from it or watches over it.

    shown:DAY:MOMENT-CHANCE    answers of about a second, one JSON a line; DAY as 2026-11-21, so that a day can be read by itself

`serving.log` says which share of the answers is kept, and for so many days as `requirements.privacy.keep` says. Nobody waits
for that: a thread writes once a second, so who kills the process loses a second of it, and what it cannot write in time is left
out and counted. Of who asked only the id is kept, and of the features that the ranker read a hash: who computes them again, from
the log and the bundle, sees whether they are the same.
"""

from __future__ import annotations

import logging
import random
import secrets
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Event, Thread
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET

from sevenfold.design.sections import Design
from sevenfold.errors import StoreError
from sevenfold.nouns import DAY, SECOND
from sevenfold.serving import meters
from sevenfold.serving.answering import Answered
from sevenfold.serving.forgetting import Gone
from sevenfold.serving.lists import shown
from sevenfold.serving.live import Found
from sevenfold.stores import Change, Store
from sevenfold.stores.keys import GONE

SHOWN = "shown:"
EVERY = 1.0  # s between two writes
MOST = 5000  # answers that wait to be written
LONGEST = 30.0  # s that a store gets for the last of them
KEPT = 90  # days, where the design does not say
TOGETHER = 256  # keys that are dropped in one change
Id = str | int


class Impression(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: `items` by place, each with its score and the chance with which it was drawn, where one was."""

    time: int  # µs since 1970
    version: str
    user: Id | None = None  # None of nobody, and of who was deleted since
    items: list[Id] = []
    scores: list[float] = []  # of a prediction: what was predicted
    chances: list[float | None] = []
    candidates: list[Id] = []  # what else was proposed
    degraded: list[str] = []
    features: str = ""  # a hash of what the ranker read of the items shown, in their order; nothing where it read nothing
    timings: dict[str, float] = {}  # ms by stage


def kept(design: Design) -> int:
    """For how many days impressions are kept."""
    privacy = design.requirements.privacy
    return KEPT if privacy is None or privacy.keep is None else max(int(privacy.keep * SECOND // DAY), 1)


class Impressions:
    """Takes answers at once, and writes them by and by."""

    def __init__(self, store: Store, days: int = KEPT) -> None:
        self._store, self._days, self._day = store, days, ""
        self._gone = Gone(store)
        self._random = random.Random(0)
        self._waiting: deque[tuple[int, Answered]] = deque()
        self._stop = Event()
        self._thread = Thread(target=self._work, name="impressions", daemon=True)
        self._thread.start()

    def add(self, answers: Sequence[Answered], moment: int, share: float) -> None:
        """Keep each answer with this chance."""
        for one in answers:
            if self._random.random() < share:
                if len(self._waiting) >= MOST:
                    meters.UNKEPT.inc()
                else:
                    self._waiting.append((moment, one))

    def close(self) -> None:
        """Write what waits."""
        self._stop.set()
        self._thread.join(LONGEST)

    def _work(self) -> None:
        while not self._stop.wait(EVERY):
            self._write()
        self._write()

    def _write(self) -> None:
        some = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not some:
            return
        try:
            self._gone.look(*self._store.get([GONE]))
            days: dict[str, list[Impression]] = {}
            for moment, one in some:
                days.setdefault(_day(moment), []).append(_nameless(_impression(one, moment), self._gone))
            puts = {f"{SHOWN}{day}:{shown[0].time:020d}-{secrets.token_hex(8)}".encode():
                    msgspec.json.Encoder().encode_lines(shown) for day, shown in days.items()}
            self._store.change([], lambda _: Change(puts))
            if max(days) > self._day:  # once a day
                self._day = max(days)
                drop(self._store, _day(some[-1][0] - self._days * DAY))
        except StoreError as error:
            meters.UNKEPT.inc(len(some))
            logging.getLogger(__name__).warning("%d impressions are lost: %s", len(some), error.problem)


def impressions(store: Store, day: str = "") -> Iterator[Impression]:
    """What was shown, on one day (2026-11-21) or ever, in order; without the names of who was deleted since."""
    gone = Gone(store)
    decoder = msgspec.json.Decoder(Impression)
    for _, lines in store.scan(f"{SHOWN}{day}".encode()):
        yield from (_nameless(one, gone) for one in decoder.decode_lines(lines))


def drop(store: Store, day: str) -> None:
    """Delete what was shown before a day."""
    end = f"{SHOWN}{day}".encode()
    while (first := next(store.scan(SHOWN.encode()), None)) and first[0] < end:
        old: dict[bytes, bytes | None] = {key: None for key, _ in islice(store.scan(first[0][:len(end)]), TOGETHER)}
        store.change([], lambda _, old=old: Change(old))  # type: ignore[misc]


def redact(store: Store, user: str) -> int:
    """Take a user's name out of what was shown; of how many answers."""
    found, decoder = 0, msgspec.json.Decoder(Impression)
    for key, lines in store.scan(SHOWN.encode()):
        shown = decoder.decode_lines(lines)
        mine = [one.user is not None and str(one.user) == user for one in shown]
        if any(mine):
            found += sum(mine)
            fresh = [msgspec.structs.replace(one, user=None) if his else one for one, his in zip(shown, mine, strict=True)]
            store.change([], lambda _, key=key, fresh=fresh: Change({key: msgspec.json.Encoder().encode_lines(fresh)}))  # type: ignore[misc]
    return found


def _day(moment: int) -> str:
    return str((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).date())


def _nameless(one: Impression, gone: Gone) -> Impression:
    """An impression, without the name of who was deleted since."""
    deleted = one.user is not None and one.time < gone.of(str(one.user))[1]
    return msgspec.structs.replace(one, user=None) if deleted else one


def _impression(answer: Answered, moment: int) -> Impression:
    said = answer.number if answer.probability is UNSET else answer.probability
    listed = shown(answer)
    items, scores = [one.item for one in listed], [one.score for one in listed]
    if said is not UNSET:
        items, scores = [] if answer.item is UNSET else [answer.item], [said]
    traced: tuple[Sequence[Any], Found, int] | None = vars(answer).get("traced")
    chances, others = _traced(*traced, shown=items) if traced else ([None] * len(items), [])
    return Impression(time=moment, version=answer.version, user=None if answer.user is UNSET else answer.user, items=items,
                      scores=scores, chances=chances, candidates=others, degraded=answer.degraded, timings=answer.timings,
                      features=traced[1].features[traced[2]] if traced else "")


def _traced(ids: Sequence[Any], found: Found, row: int, shown: Sequence[Id]) -> tuple[list[float | None], list[Id]]:
    """The chance of each item that was shown, and the candidates that were not."""
    candidates = found.answers.candidates
    assert candidates is not None, "the answer was traced"
    mine = slice(*np.searchsorted(candidates.request, [row, row + 1]).tolist())
    drawn = found.answers.stages["chance"][mine].tolist()
    chance = {ids[code]: None if one != one else one  # NaN
              for code, one in zip(candidates.item[mine].tolist(), drawn, strict=True) if code >= 0}
    return [chance.pop(item, None) for item in shown], [*chance]
