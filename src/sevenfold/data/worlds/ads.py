"""The simulated world of ads: slots sold by auction, and the chance of every click known.

A page has three slots. Twelve ads that run bid for them; the site guesses how likely each is to be clicked, with an
error, and ranks by bid times guess; who wins pays what the next one would have needed. A click needs a look, which is
rarer further down, and an interest: taste for the advertiser's trade, the ad's quality, the device, and for a shop round
the corner how near it is.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sevenfold.data.worlds.pieces import DEVICES, START, chance, dot, moments, visits, who
from sevenfold.nouns import DAY, F64, SECOND, Array

TRADES = np.array(["books", "cars", "clothes", "food", "games", "phones", "sports", "travel"])
DAYS = 30
SLOTS = 3
BIDDERS = 12
LOOK = np.array([1.0, 0.6, 0.4])  # the chance that a slot is looked at
BASE = -5.2  # log odds of a click on an ordinary ad in the first slot
ON = np.array([-0.2, 0.0, 0.3])  # what each device adds
NEAR = 60.0  # km within which a shop is near


def make(*, rows: int = 150_000, seed: int = 0) -> dict[str, pa.Table]:
    """The files of a world with that many impressions over 30 days."""
    rng = np.random.default_rng(seed)
    people, pages = max(rows // 60, 20), -(-rows // SLOTS)
    ads = _ads(rng, max(rows // 300, 2 * BIDDERS))
    tastes, home = rng.normal(0, 0.9, (people, len(TRADES))), _places(rng, people)
    user, time, device = who(rng, people, pages), visits(rng, pages, DAYS), rng.choice(3, pages, p=[0.35, 0.5, 0.15])
    ad = _bidders(rng, np.searchsorted(ads["born"], time, side="right"))
    flat, owner = ad.ravel(), np.repeat(user, BIDDERS)
    near = np.nan_to_num(np.exp(-_kilometres(home[owner], ads["shop"][flat]) / NEAR))
    odds = BASE + tastes[owner, ads["trade"][flat]] + ads["quality"][flat] + 1.5 * near + np.repeat(ON[device], BIDDERS)
    won, price = _auction(rng, chance(odds).reshape(ad.shape), ads["bid"][ad])
    ad, odds = (np.take_along_axis(each, won, axis=1) for each in (ad, odds.reshape(ad.shape)))
    true = (LOOK * chance(odds)).ravel()[:rows]
    clicked = rng.random(rows) < true
    page = np.repeat(np.arange(pages), SLOTS)[:rows]
    at, ad = time[page], ad.ravel()[:rows]
    seen = pa.array(at + rng.exponential(90 * SECOND, rows).astype(np.int64), pa.timestamp("us", "UTC"), mask=~clicked)
    shown = pa.table({"event_id": np.arange(rows), "shown_at": moments(at), "request_id": page, "user_id": user[page] + 1,
                      "ad_id": ad + 1, "position": np.tile(np.arange(1, SLOTS + 1), pages)[:rows],
                      "device": DEVICES[device[page]], "latitude": home[user[page], 0], "longitude": home[user[page], 1],
                      "price": price.ravel()[:rows], "clicked": clicked.astype(np.int64), "clicked_at": seen})
    return {"impressions.parquet": shown, "ads.parquet": _table(ads),
            "truth.parquet": pa.table({"event_id": np.arange(rows), "probability": true})}


def _ads(rng: np.random.Generator, count: int) -> dict[str, Array]:
    """Ads in order of birth; half of the advertisers have a shop."""
    advertisers = max(count // 10, 4)
    trade, good = rng.integers(len(TRADES), size=advertisers), rng.normal(0, 0.4, advertisers)
    shop = np.where(rng.random((advertisers, 1)) < 0.5, _places(rng, advertisers), np.nan)
    owner = rng.integers(advertisers, size=count)
    born = START + np.sort(np.where(np.arange(count) < max(count // 2, BIDDERS), -rng.exponential(20, count),
                                    rng.uniform(0, DAYS, count)) * DAY).astype(np.int64)
    return {"advertiser": owner, "trade": trade[owner], "shop": shop[owner], "born": born,
            "quality": good[owner] + rng.normal(0, 0.4, count), "bid": rng.lognormal(-0.7, 0.5, count).round(3)}


def _table(ads: dict[str, Array]) -> pa.Table:
    shop = [pa.array(degrees, from_pandas=True) for degrees in ads["shop"].T]  # no shop: null
    return pa.table({"ad_id": np.arange(1, len(ads["born"]) + 1), "advertiser": ads["advertiser"],
                     "trade": TRADES[ads["trade"]], "bid": ads["bid"], "shop_latitude": shop[0], "shop_longitude": shop[1],
                     "published": moments(ads["born"])})


def _places(rng: np.random.Generator, count: int) -> F64:
    """[count, 2] degrees of latitude and longitude, round five towns."""
    towns = np.array([[48.1, 11.6], [50.1, 8.7], [51.0, 13.7], [52.5, 13.4], [53.6, 10.0]])
    return np.asarray((towns[rng.integers(len(towns), size=count)] + rng.normal(0, 0.4, (count, 2))).round(3))


def _kilometres(one: F64, other: F64) -> F64:
    """[n] between points that lie near each other, at fifty degrees north."""
    apart = (one - other) * np.array([111.0, 71.0])
    return np.sqrt(dot(apart, apart))


def _bidders(rng: np.random.Generator, alive: Array) -> Array:
    """[pages, BIDDERS] different ads among the `alive` oldest: one from each twelfth of them."""
    edges = np.arange(BIDDERS + 1) * alive[:, None] // BIDDERS
    return np.asarray(edges[:, :-1] + (rng.random((len(alive), BIDDERS)) * np.diff(edges, axis=1)).astype(np.int64))


def _auction(rng: np.random.Generator, true: F64, bid: F64) -> tuple[Array, F64]:
    """Who wins each slot, [pages, SLOTS], and what a click then costs: just enough to outbid the next."""
    guess = np.minimum(true * rng.lognormal(0, 0.5, true.shape), 1)
    order = np.argsort(-bid * guess, axis=1, kind="stable")[:, :SLOTS + 1]
    score, each = (np.take_along_axis(values, order, axis=1) for values in (bid * guess, guess))
    return order[:, :-1], np.asarray((score[:, 1:] / each[:, :-1]).round(4))
