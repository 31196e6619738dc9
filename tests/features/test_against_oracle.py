"""Every kind of feature against a row-by-row oracle written from its definition, on logs with ties, delays and late events."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold import features
from sevenfold.features import kernel, view
from sevenfold.nouns import Candidates, Data, Requests
from toy_logs import DEFINITIONS, GENRES, ITEM_TABLE, ITEMS, SECOND, USER_TABLE, USERS, context, design, worlds

LATE = {"stars", "verdict"}  # written after the event
BEYOND = np.arange(-1, ITEMS + 3)  # items nobody knows, those of the catalogue, and some that came later


def all_pairs(times: np.ndarray) -> tuple[Requests, Candidates]:
    """Every user, known or not, at every time, with every item, known or not."""
    user = np.tile(np.arange(-1, USERS), len(times)).astype(np.int32)
    said = context(np.random.default_rng(len(times)), len(user))
    requests = Requests(time=np.repeat(times, USERS + 1).astype(np.int64), user=user, context=said)
    request = np.repeat(np.arange(len(requests)), len(BEYOND)).astype(np.int32)
    item = np.tile(BEYOND, len(requests)).astype(np.int32)
    return requests, Candidates(request=request, item=item, sources={}, ranks={})


class Oracle:
    """One row at a time, from the definitions alone."""

    def __init__(self, data: Data, cut: int, own: bool) -> None:
        self.data, self.cut = data, cut
        log = data.log
        self.act_wait = data.label_wait if own or data.impressions else 0
        columns = {name: log.table[name].to_pylist() for name in ("price", "colour", *LATE)}
        self.events = [{"available": int(log.available[i]), "user": int(log.user[i]), "item": int(log.item[i]), "row": i,
                        "positive": bool(log.positive[i]), **{name: column[i] for name, column in columns.items()}}
                       for i in range(len(log))]
        self.events.sort(key=lambda e: (e["available"], e["row"]))

    def window(self, match: Callable[[dict], bool], t: int, over: float | None, wait: int = 0) -> list[dict]:
        start = -math.inf if over is None else t - over * SECOND
        return [e for e in self.events if match(e) and start <= e["available"] + wait < t]

    def value(self, group: str, params: dict[str, Any], t: int, user: int, item: int, said: dict[str, Any], state: Any) -> Any:
        keys = {"user": ("user",), "item": ("item",), "pair": ("user", "item"), "context": ()}[group]
        asked = {"user": user, "item": item}
        known = all(asked[key] >= 0 for key in keys)

        def match(e: dict) -> bool:
            return known and all(e[key] == asked[key] for key in keys)

        kind, of = next(iter(params.items()))
        over = params.get("over")
        wait = self.wait(of, params.get("of"))
        seen = self.window(match, t, over, wait)
        return getattr(self, kind)(of, seen, params, t=t, user=user, item=item, wait=wait, group=group, state=state,
                                   read=lambda name: self.read(name, user, item, said))

    def wait(self, *names: str | None) -> int:
        return max(self.data.label_wait * ("label" in names), self.act_wait * bool(LATE & {*names}))

    def read(self, name: str, user: int, item: int, said: dict[str, Any]) -> Any:
        """What a column of the user, the item or the request holds; None where nobody knows."""
        found = said.get(name)
        for table, code in ((USER_TABLE, user), ({**ITEM_TABLE, "genres": GENRES}, item)):
            if name in table:
                found = table[name][code] if 0 <= code < len(table[name]) else None
        return None if found is None or found != found else found

    @staticmethod
    def weight(e, params, t, wait):
        """2^(-k/4) for an event k grid lines, a quarter of a half-life apart, before t; nothing after 8 half-lives."""
        if "half_life" not in params:
            return 1
        step = int(params["half_life"] * SECOND) // 4
        lines = (t - wait) // step - e["available"] // step
        return 0.5 ** (lines / 4) if lines <= 32 else 0

    def count(self, of, seen, params, t, wait, **_):
        return math.fsum(self.weight(e, params, t, wait) for e in seen if of == "events" or e["positive"])

    def sum(self, of, seen, params, t, wait, **_):
        return math.fsum(e[of] * self.weight(e, params, t, wait) for e in seen if e[of] is not None)

    def mean(self, of, seen, params, t, wait, **_):
        def value(e):
            return float(e["positive"]) if of == "label" else e[of]

        def values(events):
            return [value(e) for e in events if value(e) is not None]

        if "half_life" in params:
            weights = [self.weight(e, params, t, wait) for e in seen if value(e) is not None]
            before = values(self.window(lambda e: True, self.cut, None, wait))
            prior, centre = (params["prior"], math.fsum(before) / len(before)) if before else (0.0, 0.0)
            total = math.fsum(value(e) * self.weight(e, params, t, wait) for e in seen if value(e) is not None)
            whole = math.fsum(weights) + prior
            return (total + prior * centre) / whole if whole else math.nan
        before = values(self.window(lambda e: True, self.cut, None, wait))
        own = values(seen)
        prior = params["prior"] if before else 0.0
        centre = math.fsum(before) / len(before) if before else 0.0
        return (math.fsum(own) + prior * centre) / (len(own) + prior) if len(own) + prior else math.nan

    def distinct(self, of, seen, params, **_):
        return len({e[of] for e in seen if e[of] is not None and e[of] != -1})

    def time_since(self, of, seen, params, t, wait, **_):
        seen = [e for e in seen if of == "event" or e["positive"]]
        return math.nan if not seen else self.logarithm((t - seen[-1]["available"] - wait) / SECOND)

    @staticmethod
    def logarithm(x):
        power = math.floor(math.log2(1 + abs(x)))
        return math.copysign(power + (1 + abs(x)) / 2**power - 1, x)

    def ratio(self, of, seen, params, t, wait, **_):
        def total(what):
            values = [1 if what == "events" else float(e["positive"]) if what == "label" else e[what] for e in seen]
            return sum(v * self.weight(e, params, t, wait) for v, e in zip(values, seen) if v is not None)

        return total(of) / total(params["of"]) if total(params["of"]) else math.nan

    def log(self, of, *_, read, **__):
        return math.nan if read(of) is None else self.logarithm(read(of))

    def bucket(self, of, _, params, *, read, **__):
        bounds = list(params["at"]) if "at" in params else self.deciles(of)
        ends = [-math.inf, *bounds, math.inf]
        return [float(read(of) is not None and low <= read(of) < high) for low, high in pairwise(ends)]

    def deciles(self, of):
        """Of the users seen before the cut: at a tenth of the way between the smallest and the largest in order, and so on."""
        users = {e["user"] for e in self.window(lambda e: e["user"] >= 0, self.cut, None)}
        values = sorted(v for v in (USER_TABLE[of][user] for user in users) if v is not None)
        spots = [i / 10 * (len(values) - 1) for i in range(1, 10)] * bool(values)
        values.append(values[-1] if values else 0)
        return sorted({values[int(s)] + (s - int(s)) * (values[int(s) + 1] - values[int(s)]) for s in spots})

    @staticmethod
    def mark(value):
        text = str(value if isinstance(value, str) else float(value)).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")

    @staticmethod
    def hashed(marks, buckets):
        sums = [0] * buckets
        for mark in marks:
            sums[mark % buckets] += -1 if mark >= 2**63 else 1
        return sums

    def hash(self, of, _, params, *, read, **__):
        values = read(of) if isinstance(read(of), list) else [] if read(of) is None else [read(of)]
        return self.hashed([self.mark(value) for value in values], params["buckets"])

    def cross(self, of, _, params, *, read, **__):
        joined = 0
        for value in map(read, of):
            if value is None:
                return [0] * params["buckets"]
            joined = (joined + self.mark(value)) % 2**64
            for odd in (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93):
                joined = joined * odd % 2**64
                joined ^= joined >> 32
        return self.hashed([joined], params["buckets"])

    def distance(self, of, _, params, *, read, **__):
        ends = []
        for names in (of, params["to"]):
            values = [read(name) for name in names]
            if None in values:
                return math.nan
            ends.append([math.radians(float(x)) for x in (values[0].split(",") if len(values) == 1 else values)])
        (north, east), (other_north, other_east) = ends
        chord = (math.sin((north - other_north) / 2)**2
                 + math.cos(north) * math.cos(other_north) * math.sin((east - other_east) / 2)**2)
        return 2 * 6371.0088 * math.asin(min(1, math.sqrt(chord)))

    def closeness(self, of, _, params, t, user, item, state, **__):
        """In the frozen words, weights and axes; vectors rounded to 2^-20."""
        known = state["words"].tolist()

        def vector(i):
            found = [w for w in (ITEM_TABLE[of][i] or "").split() if w in known] if 0 <= i < ITEMS else []
            weights = [found.count(w) * idf for w, idf in zip(known, state["idf"])]
            length = math.sqrt(sum(w * w for w in weights)) or 1.0
            return [round(sum(w / length * x for w, x in zip(weights, axis)) * 2**20) for axis in state["axes"].T]

        liked = self.window(lambda e: e["positive"] and e["user"] == user >= 0, t, params.get("over"), self.act_wait)
        mine = [sum(column) for column in zip(*(vector(e["item"]) for e in liked[::-1][:params["n"]]))] or [0]
        other = vector(item)
        length = math.hypot(*mine) * math.hypot(*other)
        return sum(a * b for a, b in zip(mine, other)) / length if length else math.nan

    def last(self, of, seen, params, **_):
        values = [math.nan if e[of] is None else e[of] for e in seen[::-1][:params["n"]]]
        return values + [math.nan] * (params["n"] - len(values))

    @staticmethod
    def genres(item):
        return (GENRES[item] if 0 <= item < ITEMS else None) or []

    def affinity(self, of, seen, params, t, user, item, **_):
        liked = self.window(lambda e: e["positive"] and e["user"] == user >= 0, t, params.get("over"), self.act_wait)
        levels = self.genres(item)
        kept = {g for e in self.window(lambda e: True, self.cut, None) for g in self.genres(e["item"])}
        levels = [g for g in levels if g in kept]
        if not liked or not levels:
            return math.nan
        return sum(g in self.genres(e["item"]) for g in levels for e in liked) / len(levels) / len(liked)


@pytest.mark.parametrize("asked_in_order", [False, True])
@settings(max_examples=60, deadline=None)
@given(data=worlds(), cut=st.integers(0, 30), own=st.booleans())
def test_every_kind_equals_its_definition(asked_in_order: bool, data: Data, cut: int, own: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "LONG", 32 if asked_in_order else 10**9)
        patch.setattr(view, "BLOCK", 150 if asked_in_order else 1 << 19)
        toy = design(own=own)
        fitted = features.fit(toy, data, cut * SECOND)
        requests, candidates = all_pairs(np.array([0, 3, 9, 14, 27]) * SECOND)
        rows = fitted.over(data).rows(requests, candidates)
        oracle = Oracle(data, cut * SECOND, own)
        states = {feature.path: feature.fitted.state for feature in fitted.features}
        picked = np.random.default_rng(0).choice(len(rows), 12, replace=False)
        for row in picked:
            t, user = int(requests.time[rows.request[row]]), int(rows.user[row])
            said = {name: column[rows.request[row]] for name, column in requests.context.items()}
            expected = np.hstack([oracle.value(group, params, t, user, int(rows.item[row]), said, states[f"{group}.{name}"])
                                  for group, named in DEFINITIONS.items() for name, params in named.items()])
            np.testing.assert_allclose(rows.values[row], expected.astype(np.float32), rtol=2e-7, atol=1e-9,
                                       err_msg=str(list(zip(rows.names, rows.values[row], expected))))
