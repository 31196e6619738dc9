"""The simulated world: people with tastes that drift, items with quality, and a site that shows pages of ten.

Everything that a log hides is known here, so that what a model claims can be held against the truth:

- a *taste* is a vector over topics: age group + country + person, and a part that drifts day by day, an AR(1) process;
- an *item* has one to three topics, a quality, a creator with favourite topics, a length, a day of birth, and sometimes
  a bait: it draws clicks and disappoints;
- a *page* is ten items drawn one by one without replacement from a mixture of what is popular, recent, personal and
  random: the chance of each draw is its logged propensity;
- a *click* needs a look (its chance falls with the position and is known) and an attraction, a sigmoid; how much of the
  item is then *watched* follows the taste and the quality and falls with the bait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from sevenfold.data.formats import lists
from sevenfold.data.worlds import pieces
from sevenfold.data.worlds.pieces import START
from sevenfold.errors import DataError
from sevenfold.nouns import DAY, F32, F64, I64, SECOND, Array

DAYS = 60
PAGE = 10
LOOK = np.arange(1, PAGE + 1) ** -0.3  # the chance that a position is looked at
MIXTURE = {"popular": 0.25, "recent": 0.15, "personal": 0.5, "random": 0.1}
DRIFT = 0.96  # of the drifting part of a taste that is left a day later
COUNTRIES = np.array(["BR", "DE", "IN", "KE", "US"])
DEVICES = np.array(["desktop", "phone", "tv"])
LENGTHY = np.array([0.0, -0.5, 0.5])  # how much each device likes a long item
BAIT = ("secret", "shocking", "unbelievable", "insane")
SHOWN = ("event_id", "timestamp", "request_id", "user_id", "item_id", "position", "device", "clicked", "watched",
         "propensity")
TRUE = ("event_id", "look", "attraction", "enjoyment")
TOPICS = {
    "cooking": "skillet broth dough saffron oven marinade pantry whisk dumpling roast",
    "travel": "harbour backpack itinerary hostel coastline passport ferry landmark detour village",
    "football": "striker penalty midfield derby goalkeeper offside transfer stadium header league",
    "music": "chord chorus vinyl drummer ballad rehearsal melody amplifier encore rhythm",
    "science": "photon enzyme orbit fossil neuron isotope quantum glacier microscope genome",
    "gaming": "speedrun boss quest loot controller arcade checkpoint sandbox raid console",
    "fashion": "denim runway tailor linen wardrobe stitch velvet accessory silhouette hem",
    "gardening": "compost seedling trellis mulch orchard perennial greenhouse pruning bulb hedge",
    "finance": "dividend mortgage inflation portfolio budget bond savings audit pension invoice",
    "history": "empire treaty dynasty archive siege monarch revolution artefact chronicle colony",
    "fitness": "squat sprint cardio stretch kettlebell marathon posture recovery rowing plank",
    "cinema": "director montage trailer screenplay premiere sequel casting stunt soundtrack noir",
}
FORMS = np.array(["guide to", "story of", "inside", "return of", "art of", "week with", "truth about", "basics of"])


@dataclass(frozen=True, kw_only=True)
class Things:
    """What the items truly are."""

    topics: F32  # [items, topics]
    quality: F32  # [items]
    bait: F32  # [items]
    length: F32  # [items] minutes
    born: I64  # [items]


@dataclass(frozen=True, kw_only=True)
class World:
    """The log and the entities as a design reads them, and the truth that no design may read."""

    events: pa.Table
    users: pa.Table
    items: pa.Table
    truth: pa.Table  # of each event: the chances of a look, of a click, and the share expected to be watched after one
    tastes: F32  # [days, users, topics]
    things: Things

    def appeal(self, user: Array, time: I64) -> F64:
        """The chance that each item would be clicked and the share then watched, multiplied: [B, items]."""
        day = np.clip((time - START) // DAY, 0, len(self.tastes) - 1)
        things, match = self.things, _match(self.tastes[day, user], self.things.topics)
        return _attraction(match, things.quality, things.bait, 0.0) * _enjoyment(match, things.quality, things.bait)


def simulate(*, users: int = 2000, items: int = 1000, events: int = 100_000, seed: int = 0) -> World:
    """A world of that size over 60 days; the same seed gives the same bytes.

    Its time and memory grow with pages × items: a page weighs every item that is alive.
    """
    for name, count, least in (("users", users, 1), ("items", items, 5 * PAGE), ("events", events, PAGE)):
        if count < least:
            raise DataError(f"data simulate --{name}", f"expected at least {least}, got {count}",
                            "A page shows ten items, and most must be alive from the start.")
    rng = np.random.default_rng(seed)
    people, base = _people(rng, users)
    table, things = _items(rng, items)
    tastes = _tastes(rng, base)
    log = _live(rng, _pages(rng, users, -(-events // PAGE)), tastes, base, things)
    order = np.argsort(log["timestamp"], kind="stable")[:events]
    log = {"event_id": np.arange(events), **{name: column[order] for name, column in log.items()}}
    shown, truth = (pa.table({name: log[name] for name in names}) for names in (SHOWN, TRUE))
    return World(events=shown, users=people, items=table, truth=truth, tastes=tastes, things=things)


def make(*, rows: int = 100_000, seed: int = 0) -> dict[str, pa.Table]:
    """The files of a world in which that many items are shown."""
    return files(simulate(users=max(rows // 50, 1), items=max(rows // 100, 5 * PAGE), events=rows, seed=seed))


def files(world: World) -> dict[str, pa.Table]:
    """What a design reads, and the truth, by the names of their files."""
    return {f"{name}.parquet": getattr(world, name) for name in ("events", "users", "items", "truth")}


def write(world: World, folder: Path) -> list[Path]:
    """`events.parquet`, `users.parquet`, `items.parquet` and `truth.parquet` in `folder`; none where writing fails."""
    return pieces.write(files(world), folder)


def _people(rng: np.random.Generator, count: int) -> tuple[pa.Table, F32]:
    """Users, and the part of their taste that stays."""
    age = np.clip(rng.normal(38, 15, count), 16, 80).astype(np.int64)
    country = rng.choice(len(COUNTRIES), count, p=[0.25, 0.15, 0.3, 0.1, 0.2])
    of_age, of_country = rng.normal(0, 0.5, (4, len(TOPICS))), rng.normal(0, 0.4, (len(COUNTRIES), len(TOPICS)))
    own = rng.normal(0, 0.9, (count, len(TOPICS)))
    base = of_age[np.digitize(age, [25, 40, 60])] + of_country[country] + own
    table = pa.table({"user_id": np.arange(1, count + 1), "age": age, "country": COUNTRIES[country]})
    return table, base.astype(np.float32)


def _items(rng: np.random.Generator, count: int) -> tuple[pa.Table, Things]:
    """Items: three quarters are there from the start, the others are born on the way."""
    creators = max(count // 20, 2)
    creator = (creators * rng.random(count) ** 2).astype(np.int64)  # a few creators make much
    drawn = rng.integers(len(TOPICS), size=(3, count))
    main = np.where(rng.random(count) < 0.7, rng.integers(len(TOPICS), size=creators)[creator], drawn[0])
    second = np.where(rng.random(count) < 0.5, drawn[1], main)
    third = np.where(rng.random(count) < 0.3, drawn[2], main)
    topics = np.zeros((count, len(TOPICS)))
    for topic, share in ((main, 1.0), (second, 0.6), (third, 0.4)):
        topics[np.arange(count), topic] += share
    bait = np.where(rng.random(count) < 0.15, rng.uniform(0.6, 1.4, count), 0.0)
    length = np.exp(rng.normal(2.3, 0.6, count))
    old = rng.permutation(count) < 3 * count // 4
    born = START + np.where(old, -rng.exponential(120 * DAY, count), rng.uniform(0, DAYS * DAY, count)).astype(np.int64)
    table = pa.table({"item_id": np.arange(1, count + 1), "title": _titles(rng, (main, second, third), bait),
                      "topics": lists(topics > 0, list(TOPICS)), "creator": creator, "length": np.round(length, 1),
                      "published": pa.array(born, pa.timestamp("us", "UTC"))})
    unit = topics / np.linalg.norm(topics, axis=1, keepdims=True)
    return table, Things(topics=unit.astype(np.float32), quality=rng.normal(0, 0.8, count).astype(np.float32),
                         bait=bait.astype(np.float32), length=length.astype(np.float32), born=born)


def _titles(rng: np.random.Generator, topics: tuple[Array, ...], bait: Array) -> Array:
    """Words of an item's topics, and a word that promises too much where there is a bait."""
    words = np.array([text.split() for text in TOPICS.values()])
    drawn = [words[topic, rng.integers(words.shape[1], size=len(bait))] for topic in topics]
    loud = np.where(bait > 0, np.array(BAIT)[rng.integers(len(BAIT), size=len(bait))] + " ", "")
    form = FORMS[rng.integers(len(FORMS), size=len(bait))] + " "
    return np.char.capitalize(loud + form + drawn[0] + " and " + drawn[1] + " with " + drawn[2])


def _tastes(rng: np.random.Generator, base: F32) -> F32:
    """Each day's taste of each user: [days, users, topics]."""
    tastes = np.empty((DAYS, *base.shape), dtype=np.float32)
    drift = 0.6 * rng.standard_normal(base.shape, dtype=np.float32)
    for day in range(DAYS):
        tastes[day] = base + drift
        drift = DRIFT * drift + 0.6 * (1 - DRIFT**2) ** 0.5 * rng.standard_normal(base.shape, dtype=np.float32)
    return tastes


def _pages(rng: np.random.Generator, users: int, count: int) -> dict[str, Array]:
    """Who asks for a page when: a few users ask for most, mornings on the phone and evenings before the television."""
    active = rng.lognormal(0, 0.8, users)
    user = rng.choice(users, count, p=active / active.sum())
    day = rng.integers(DAYS, size=count)
    order = np.lexsort((day, user))
    user, day = user[order], day[order]
    new = np.append(True, (np.diff(user) != 0) | (np.diff(day) != 0))
    visit = np.cumsum(new) - 1
    turn = np.arange(count) - np.flatnonzero(new)[visit]  # which page of the user's visit that day
    hour = np.clip(rng.normal(np.where(rng.random(count) < 0.35, 8, 19), 2.5), 0, 23)[visit]
    time = START + day * DAY + (hour * 3600 * SECOND).astype(np.int64) + turn * 400 * SECOND
    time += rng.integers(60 * SECOND, size=count)
    device = np.where(rng.random(count)[visit] < 0.2, 0, np.where(hour > 18, 2, 1))
    return {"user": user, "day": day, "turn": turn, "time": time, "device": device}


def _live(rng: np.random.Generator, pages: dict[str, Array], tastes: F32, base: F32,
          things: Things) -> dict[str, Array]:
    """The 60 days, in rounds of pages that no user is in twice."""
    popular = np.zeros(len(things.topics))
    watched = np.zeros((len(base), len(things.topics)), dtype=np.bool_)  # nothing is shown again once it was watched
    shown: list[dict[str, Array]] = []
    today = 0
    for day, rows in _rounds(pages):
        if day != today:
            popular, today = popular * 0.9, day
        user, device = pages["user"][rows], pages["device"][rows]
        guess = 0.5 * (base[user] + tastes[max(day - 7, 0), user])  # the site knows last week's taste, and not well
        chance = _chances(guess, popular, START + day * DAY, watched[user], things)
        item, propensity = _draw(rng, chance)
        match = np.take_along_axis(_match(tastes[day, user], things.topics), item, axis=1)
        patience = LENGTHY[device][:, None] * (np.log(things.length[item]) - 2.3)
        attraction = _attraction(match, things.quality[item], things.bait[item], patience)
        enjoyment = _enjoyment(match, things.quality[item], things.bait[item])
        clicked = rng.random(item.shape) < LOOK * attraction
        share = np.where(clicked, rng.beta(6 * enjoyment, 6 * (1 - enjoyment)), 0.0)
        watched[np.repeat(user, PAGE)[clicked.ravel()], item[clicked]] = True
        popular += np.bincount(item[clicked], minlength=len(popular))
        shown.append({"page": rows, "item_id": item + 1, "propensity": propensity, "clicked": clicked.astype(np.int64),
                      "watched": share.round(4), "attraction": attraction, "enjoyment": enjoyment})
    return _flattened(pages, shown)


def _rounds(pages: dict[str, Array]) -> Iterator[tuple[int, Array]]:
    order = np.lexsort((pages["user"], pages["turn"], pages["day"]))
    key = pages["day"][order] * (int(pages["turn"].max()) + 1) + pages["turn"][order]
    for rows in np.split(order, np.flatnonzero(np.diff(key)) + 1):
        yield int(pages["day"][rows[0]]), rows


def _chances(guess: F32, popular: F64, now: int, watched: Array, things: Things) -> F64:
    """How likely the site draws each item for each page, [pages, items]."""
    alive = things.born <= now
    recent = np.where(alive, np.exp(-np.maximum(now - things.born, 0) / (5 * DAY)), 0.0)
    personal = np.exp(3.0 * _match(guess, things.topics)) * alive
    parts = {"popular": _shares((popular + 1) * alive), "recent": _shares(recent + 1e-6 * alive),
             "personal": _shares(personal), "random": _shares(alive.astype(np.float64))}
    mixed = sum(weight * parts[name] for name, weight in MIXTURE.items())
    return _shares(np.where(watched, 1e-9 * alive, mixed))


def _shares(weights: F64) -> F64:
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def _draw(rng: np.random.Generator, chance: F64) -> tuple[Array, F64]:
    """Ten items a page, one by one without replacement, and the chance of each draw given those before it.

    The smallest of exponential times with these rates come in just that order.
    """
    times = np.full(chance.shape, np.inf)
    np.divide(rng.standard_exponential(chance.shape), chance, out=times, where=chance > 0)
    first = np.argpartition(times, PAGE - 1, axis=1)[:, :PAGE]
    item = np.take_along_axis(first, np.argsort(np.take_along_axis(times, first, axis=1), axis=1), axis=1)
    each = np.take_along_axis(chance, item, axis=1)
    left = 1 - np.cumsum(each, axis=1) + each
    return item, each / np.maximum(left, each)


def _flattened(pages: dict[str, Array], shown: list[dict[str, Array]]) -> dict[str, Array]:
    """One row for each place of each page."""
    page = np.concatenate([each["page"] for each in shown])
    turn = np.empty(len(page), dtype=np.int64)
    turn[np.argsort(pages["time"][page], kind="stable")] = np.arange(len(page))
    log = {"timestamp": pages["time"][page], "request_id": turn, "user_id": pages["user"][page] + 1,
           "device": DEVICES[pages["device"][page]]}
    log = {name: np.repeat(column, PAGE) for name, column in log.items()}
    log |= {"position": np.tile(np.arange(1, PAGE + 1), len(page)), "look": np.tile(LOOK, len(page))}
    return log | {name: np.concatenate([each[name].ravel() for each in shown])
                  for name in ("item_id", "clicked", "watched", "propensity", "attraction", "enjoyment")}


def _match(tastes: F32, topics: F32) -> F64:
    # not by BLAS, whose sums depend on the number of threads
    return np.asarray(np.einsum("ut,it->ui", tastes, topics, optimize=False), dtype=np.float64)


def _attraction(match: F64, quality: F32, bait: F32, patience: F64 | float) -> F64:
    return np.asarray(1 / (1 + np.exp(-(1.2 * match + 0.5 * quality + 1.2 * bait + patience - 0.8))))


def _enjoyment(match: F64, quality: F32, bait: F32) -> F64:
    """The share of an item that is watched after a click, as expected."""
    return np.asarray(0.02 + 0.96 / (1 + np.exp(-(1.0 * match + 1.0 * quality - 2.0 * bait + 0.3))))
