"""Contract checks for parts, public so that another package's parts can be held to them.

    from sevenfold.testing import check_retriever
    check_retriever("ease", regularisation=100.0)

Each raises `AssertionError`, naming the part and the clause that it breaks. The same checks run on our own parts.
"""

from __future__ import annotations

import copy
import inspect
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold.funnel.candidates import top
from sevenfold.funnel.reranking import Context
from sevenfold.nouns import DAY, F32, I32, I64, SECOND, Array, Interactions, Rows, Visits
from sevenfold.registry import LEARNERS, REQUIRED, RERANKERS, RETRIEVERS, Registry

TOLERANCE = 1e-6  # between a batch and its singles
CHANCE = 0.6  # what a part must reach where guessing gives 0.5
CLUBS = ("chess", "tennis")  # of a toy's users and items


def check_retriever(part: str | Callable[..., Any], **params: Any) -> None:
    """Hold a retriever, by its name in a document or by its maker, to the contract of `sevenfold.funnel`."""
    name, make = _maker(RETRIEVERS, part, params)
    interactions, visits, wanted = toy_links() if getattr(make(), "of_links", False) else toy()
    before = copy.deepcopy((interactions, visits))
    fitted = [_fitted(make, interactions, seed) for seed in (3, 3, 4)]
    scores = [retriever.scores(visits) for retriever in fitted]
    _expect(_equal((interactions, visits), before), name, "changes its inputs")
    _expect_scores(name, scores[0], (len(visits.user), interactions.items))
    _expect(_same(scores[0], scores[1]), name, "gives another answer for the same seed")
    _expect(fitted[0].random or _same(scores[0], scores[2]), name, "is not `random`, yet the seed moves its answer")
    _expect_single(name, fitted[0], visits, scores[0])
    _expect_saved(name, fitted[0], fitted[1], lambda retriever: retriever.scores(visits))
    _expect_strangers(name, fitted[0], interactions.items)
    _expect_grown(name, fitted[0], visits, scores[0])
    if hasattr(fitted[0], "opinion"):
        _expect_opinion(name, fitted[0], visits, scores[0])
    area = _area(scores[0], visits.history, wanted)
    _expect(area > CHANCE, name, f"ranks a wanted item above others in {area:.2f} of pairs, expected over {CHANCE}")


def check_learner(part: str | Callable[..., Any], **params: Any) -> None:
    """Hold a learner, by its name in a document or by its maker, to the contract of `sevenfold.models`.

    What it `reads`, features where it does not say, is what tells the labels of its examples.
    """
    name, make = _maker(LEARNERS, part, params)
    reads = getattr(make(), "reads", "features")
    train, validate, test = (TOYS[reads](seed) for seed in (1, 2, 3))
    before = copy.deepcopy((train, validate, test))
    fitted = [make() for _ in range(3)]
    for learner, seed in zip(fitted, (3, 3, 4), strict=True):
        learner.fit(train, validate, seed=seed)
    scores = [learner.scores(test) for learner in fitted]
    _expect(_equal((train, validate, test), before), name, "changes its inputs")
    _expect_numbers(name, scores[0], len(test))
    _expect(_same(scores[0], scores[1]), name, "gives another answer for the same seed")
    _expect(fitted[0].random or _same(scores[0], scores[2]), name, "is not `random`, yet the seed moves its answer")
    _expect_pieces(name, fitted[0], test, scores[0])
    _expect_saved(name, fitted[0], fitted[1], lambda learner: learner.scores(test))
    _expect_unknown_rows(name, fitted[0], test)
    grown = fitted[0].grow(np.tile(np.arange(test.items), 2)).scores(replace(test, items=2 * test.items))
    _expect(_near(grown, scores[0]), name, "grown, answers otherwise about the items it had")
    weights = fitted[0].weights()
    named = set(test.names) if reads == "features" else set()
    _expect(bool(weights) and set(weights) >= named, name, f"weighs {sorted(weights)}, expected all of {sorted(named)}")
    _expect(all(np.isfinite(weight) for weight in weights.values()), name, "gives a weight that is not finite")
    if hasattr(fitted[0], "explain"):
        _expect_explained(name, fitted[0], test)
    wins = scores[0][test.label == 1][:, None] - scores[0][test.label == 0]
    area = float(np.mean((wins > 0) + 0.5 * (wins == 0)))
    _expect(area > CHANCE, name, f"ranks a positive above a negative in {area:.2f} of pairs, expected over {CHANCE}")


check_ranker = check_learner  # a ranker is a learner at work in a funnel


def check_reranker(part: str | Callable[..., Any], **params: Any) -> None:
    """Hold a re-ranker, by its name in a document or by its maker, to the contract of `sevenfold.funnel`.

    What it reads is `toy_context()`.
    """
    name, make = _maker(RERANKERS, part, params)
    reranker, random = make(), np.random.default_rng(5)
    context = toy_context()
    items = random.permutation(len(context.content))[:30].astype(np.int32)
    scores = random.integers(0, 8, 30).astype(np.float64)
    before = copy.deepcopy((items, scores, context.content, context.born))
    for n, k in ((30, 10), (30, 30), (5, 10), (1, 1), (0, 10)):
        _expect_order(name, reranker.order(items[:n], scores[:n], context, k), n, k)
    chosen = reranker.order(items, scores, context, 10)
    _expect(_equal((items, scores, context.content, context.born), before), name, "changes its inputs")
    _expect(_same(chosen, make().order(items, scores, context, 10)), name, "gives another answer when made again")
    longer = reranker.order(items, scores, context, 30)
    _expect(_same(longer[:10], chosen), name, "begins a longer list otherwise than a shorter one")
    again = _maker(RERANKERS, part, json.loads(json.dumps(params)))[1]().order(items, scores, context, 10)
    _expect(_same(chosen, again), name, "gives another answer once its parameters were saved and loaded")
    shuffle = random.permutation(30)
    other = reranker.order(items[shuffle], scores[shuffle], context, 10)
    _expect(_same(items[chosen], items[shuffle][other]), name, "answers by the order in which candidates arrive")
    bare = reranker.order(items, scores, replace(context, content=np.zeros((50, 0), np.float32)), 10)
    _expect_order(name, bare, 30, 10)
    if hasattr(reranker, "chances"):
        chances = reranker.chances(items, scores, chosen)
        _expect(chances.shape == chosen.shape and bool(((chances > 0) & (chances <= 1)).all()), name,
                f"gives chances {chances.tolist()}, expected one in 0..1 for each place")
    if hasattr(reranker, "worth"):
        for some in (items[chosen], items[:1], items[:0]):
            _expect(bool(np.isfinite(reranker.worth(some, context))), name, f"finds no number for the worth of {len(some)} items")


def toy_context(items: int = 50, seed: int = 5) -> Context:
    """A catalogue for re-rankers: random content and ages; `club` is a or b or missing, `price` a number, `tags` a list."""
    random = np.random.default_rng(seed)
    content = random.normal(size=(items, 4)).astype(np.float32)
    content /= np.linalg.norm(content, axis=1, keepdims=True)
    tags = [list(random.choice(["x", "y", "z"], size, replace=False)) for size in random.integers(0, 3, items)]
    table = pa.table({"club": [("a", "b", None)[number] for number in random.integers(0, 3, items)],
                      "price": random.integers(1, 9, items), "tags": pa.array(tags, pa.list_(pa.string()))})
    return Context(content=content, table=table, born=random.integers(0, 90, items) * DAY, time=100 * DAY, user=7)


def toy(users: int = 80, items: int = 24, seed: int = 1) -> tuple[Interactions, Visits, I32]:
    """Two clubs of users, each with its own half of the items, the first of them far the most popular.

    Returns what happened, one visit of each user, of an unknown one and of an unknown one without a history, and the
    item [users] that each user wants next: one of the own club's, chosen like the others but not seen yet. An item's text
    and a user's query name the club.
    """
    random = np.random.default_rng(seed)
    half = items // 2
    chance = np.linspace(1.0, 0.1, half) / np.linspace(1.0, 0.1, half).sum()
    history = np.stack([random.choice(half, 6, replace=False, p=chance) + half * (user % 2) for user in range(users)])
    wanted, history = history[:, 0].astype(np.int32), history[:, 1:].astype(np.int32)
    n = history.size
    interactions = Interactions(user=np.tile(np.arange(users, dtype=np.int32), history.shape[1]),
                                item=history.T[::-1].ravel().astype(np.int32),
                                time=np.arange(n, dtype=np.int64) * SECOND, users=users, items=items, cut=n * SECOND,
                                content=np.repeat(np.eye(2, dtype=np.float32), half, axis=0),
                                documents={"text": _texts([f"{CLUBS[item >= half]} {item}" for item in range(items)])},
                                queries=_texts([CLUBS[user % 2] for user in range(users)]))
    padded = np.full((users + 2, history.shape[1] + 3), -1, np.int32)
    padded[:users, :history.shape[1]] = history
    padded[users, :2] = history[0, :2]
    user = np.append(np.arange(users), [-1, -1]).astype(np.int32)
    text = _texts([*(CLUBS[one % 2] for one in range(users)), CLUBS[0], ""])
    return interactions, Visits(time=np.full(users + 2, n * SECOND, np.int64), user=user, history=padded, text=text), wanted


def toy_links(users: int = 40, seed: int = 1) -> tuple[Interactions, Visits, I32]:
    """The same of two clubs whose members are linked with one another, half of them: users are the items.

    One link of each user is not among the events: the one that is wanted.
    """
    random, code = np.random.default_rng(seed), np.arange(users)
    linked = np.triu(random.random((users, users)) < 0.5, 1) & (code[:, None] % 2 == code % 2)
    linked |= linked.T
    wanted = np.array([random.choice(np.flatnonzero(row)) for row in linked], dtype=np.int32)
    linked[code, wanted] = linked[wanted, code] = False
    one, other = (ends.astype(np.int32) for ends in np.nonzero(linked))
    n = len(one)
    interactions = Interactions(user=one, item=other, time=np.arange(n, dtype=np.int64) * SECOND, users=users, items=users,
                                cut=n * SECOND, content=np.zeros((users, 0), np.float32))
    history = np.sort(np.where(linked, code, -1), axis=1)[:, ::-1]
    padded = np.vstack([history, history[:1], np.full((1, users), -1)]).astype(np.int32)
    user = np.append(code, [-1, -1]).astype(np.int32)
    return interactions, Visits(time=np.full(users + 2, n * SECOND, np.int64), user=user, history=padded), wanted


def _texts(texts: list[str]) -> Array:
    return np.array(texts, dtype=object)


def toy_rows(seed: int, requests: int = 60, items: int = 12) -> Rows:
    """Labelled rows, a request for each few of them, whose label follows `good`; `holes` has gaps, `same` tells nothing.

    Of two actions `like` is the label where it is known, and `hide` its opposite, now and then.
    """
    random = np.random.default_rng(seed)
    request = np.repeat(np.arange(requests), random.integers(4, 9, requests)).astype(np.int32)
    n = len(request)
    values = random.normal(size=(n, 4)).astype(np.float32)
    label = (values[:, 0] + 0.5 * random.normal(size=n) > 0.3).astype(np.float32)
    values[random.random(n) < 0.2, 1] = np.nan
    values[:, 2] = 7.0
    actions = {"like": np.where(np.isnan(values[:, 1]), np.float32(np.nan), label), "hide": (1 - label) * (np.arange(n) % 3 == 0)}
    history = np.sort(random.integers(-4, items, (requests, 5)), axis=1)[:, ::-1]
    return Rows(values=values, names=("good", "holes", "same", "noise"), request=request, items=items,
                user=(request % 20).astype(np.int32), item=random.integers(0, items, n).astype(np.int32),
                history=np.maximum(history, -1).astype(np.int32), label=label,
                actions={name: np.asarray(column, np.float32) for name, column in actions.items()})


def toy_ratings(seed: int) -> Rows:
    """The same with labels that follow the user and the item, and no feature."""
    rows, noise = toy_rows(seed), np.random.default_rng(seed)
    told = np.linspace(-1, 1, 20)[rows.user] + np.linspace(-1, 1, rows.items)[rows.item] + 0.3 * noise.normal(size=len(rows))
    return replace(rows, label=(told > 0).astype(np.float32))


def toy_texts(seed: int, texts: int = 150) -> Rows:
    """A row for each text, whose label half of its words follow; no features, nobody who wrote."""
    from scipy.sparse import csr_array

    random = np.random.default_rng(seed)
    said = np.array(["win", "free", "call", "lunch", "home", "later", "and", "the"])
    label = (random.random(texts) < 0.4).astype(np.float32)
    often = np.where(label[:, None] > 0, [1.5, 1.5, 1.5, 0.2, 0.2, 0.2, 1, 1], [0.2, 0.2, 0.2, 1.5, 1.5, 1.5, 1, 1])
    counts = random.poisson(often)
    nobody, each = np.full(texts, -1, np.int32), np.arange(texts, dtype=np.int32)
    return Rows(values=np.zeros((texts, 0), np.float32), names=(), request=each, user=nobody, item=nobody, items=0, label=label,
                history=np.full((texts, 1), -1, np.int32), words=csr_array(counts.astype(np.float32)),
                text=np.array([" ".join(np.repeat(said, row)) for row in counts], dtype=object), word_names=tuple(said.tolist()))


TOYS: Mapping[str, Callable[[int], Rows]] = {"features": toy_rows, "ids": toy_ratings, "text": toy_texts}


def _maker(registry: Registry, part: str | Callable[..., Any], params: dict[str, Any]) -> tuple[str, Callable[[], Any]]:
    """How the part is called and how it is made, as a one-line document makes it."""
    if isinstance(part, str):
        schema = registry.schema(part)
        _expect(set(params) <= set(schema), part, f"takes {sorted(schema)}, got {sorted(params)}")
        given = {key: default for key, (_, default) in schema.items() if default is not REQUIRED} | params
        return part, lambda: registry.make(part, given)
    name = getattr(part, "__name__", type(part).__name__)
    kinds = {parameter.kind for parameter in inspect.signature(part).parameters.values()}
    _expect(kinds <= {inspect.Parameter.KEYWORD_ONLY}, name, "has parameters that are not keyword-only")
    return name, lambda: part(**params)


def _fitted(make: Callable[[], Any], interactions: Interactions, seed: int) -> Any:
    retriever = make()
    retriever.fit(interactions, seed=seed)
    return retriever


def _expect(holds: bool, name: str, problem: str) -> None:
    if not holds:
        raise AssertionError(f"{name}: {problem}")


def _same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind == "f"))  # texts have no NaN


def _near(one: F32, other: F32) -> bool:
    return bool(np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE))


def _close(one: F32, other: F32) -> bool:
    """Equal within the tolerance, infinities in the same places, and in the same order."""
    order = [np.argsort(-scores, axis=1, kind="stable") for scores in (one, other)]
    return _near(one, other) and _same(*order)


def _equal(one: Any, other: Any) -> bool:
    """Whether plain values, arrays, and tuples, mappings or records of them hold the same."""
    if isinstance(one, tuple):
        return all(_equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, Mapping):
        return _equal(tuple(one.items()), tuple(other.items()))
    if is_dataclass(one):
        return all(_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    if hasattr(one, "toarray"):
        return _same(one.toarray(), other.toarray())
    return _same(one, other) if isinstance(one, np.ndarray) else bool(one == other)


def _expect_scores(name: str, scores: F32, shape: tuple[int, int]) -> None:
    _expect(scores.shape == shape, name, f"gives scores of shape {scores.shape}, expected {shape}")
    _expect(scores.dtype == np.float32, name, f"gives scores of {scores.dtype}, expected float32")
    bad = np.isnan(scores) | np.isposinf(scores)
    _expect(not bad.any(), name, "gives a score that is neither finite nor -inf")


def _expect_single(name: str, retriever: Any, visits: Visits, scores: F32) -> None:
    for row in range(len(visits.user)):
        one = slice(row, row + 1)
        history = visits.history[one, :max(1, int((visits.history[row] >= 0).sum()))]
        for single in (visits.history[one], history):  # with its padding and without
            text = None if visits.text is None else visits.text[one]
            alone = retriever.scores(Visits(time=visits.time[one], user=visits.user[one], history=single, text=text))
            _expect(_close(alone, scores[one]), name, "answers a batch otherwise than its singles")


def _expect_saved(name: str, part: Any, twin: Any, answer: Callable[[Any], Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "first"), Path(folder, "second")
        for saved, where in ((part, first), (twin, second)):
            where.mkdir()
            saved.save(where)
        _expect(_same(answer(type(part).load(first)), answer(part)), name, "gives another answer once saved and loaded")
        _expect(_bytes(first) == _bytes(second), name, "saves other bytes for the same seed")


def _bytes(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _expect_strangers(name: str, retriever: Any, items: int) -> None:
    """Nobody known, nothing seen, and items that came after the fit."""
    history = np.array([[-1, -1], [items, items + 7], [0, items]], np.int32)
    strangers = Visits(time=np.zeros(3, np.int64), user=np.array([-1, 10**6, -1], np.int32), history=history)
    scores = retriever.scores(strangers)
    _expect_scores(name, scores, (3, items))
    _expect(_close(scores[:1], scores[1:2]), name, "answers an unknown item otherwise than none")
    nobody = Visits(time=np.zeros(0, np.int64), user=np.zeros(0, np.int32), history=np.zeros((0, 2), np.int32))
    _expect_scores(name, retriever.scores(nobody), (0, items))


def _expect_grown(name: str, retriever: Any, visits: Visits, scores: F32) -> None:
    items = scores.shape[1]
    rows: I64 = np.append(np.arange(items), np.arange(items)[::-1]).astype(np.int64)
    grown = retriever.grow(rows).scores(visits)
    _expect_scores(name, grown, (len(scores), 2 * items))
    _expect(_close(grown[:, :items], scores), name, "grown, answers otherwise about the items it had")
    _expect(_same(retriever.scores(visits), scores), name, "changes when it is grown")


def _expect_opinion(name: str, retriever: Any, visits: Visits, scores: F32) -> None:
    """What it says of its best, and of any, is what it says of all."""
    opinion, n = retriever.opinion(visits), 5
    found, best = opinion.best(n), top(scores, n)
    wanted = np.take_along_axis(scores, best, axis=1)
    given = np.full(wanted.shape, -np.inf, np.float32)
    given[:, :found.scores.shape[1]] = found.scores
    _expect(_close(given, wanted), name, "names other best items than its scores do")
    request, item = np.divmod(np.arange(scores.size), scores.shape[1])
    _expect(_close(opinion.of(request.astype(np.int32), item.astype(np.int32)).reshape(scores.shape), scores), name,
            "scores an item asked about otherwise than all")


def _expect_numbers(name: str, scores: F32, n: int) -> None:
    _expect(scores.shape == (n,), name, f"gives scores of shape {scores.shape}, expected ({n},)")
    _expect(scores.dtype == np.float32, name, f"gives scores of {scores.dtype}, expected float32")
    _expect(bool(np.isfinite(scores).all()), name, "gives a score that is not finite")


def _expect_pieces(name: str, learner: Any, rows: Rows, scores: F32) -> None:
    """Request by request, row by row, without labels and with the columns in another order."""
    requests = np.unique(rows.request)[:60]
    for part in [*(np.flatnonzero(rows.request == request) for request in requests), *np.arange(20)[:, None]]:
        alone = learner.scores(_piece(rows, part))
        _expect(_near(alone, scores[part]), name, "answers a batch otherwise than its singles")
    _expect(_same(learner.scores(_turned(rows)), scores), name, "answers by the order of the columns")


def _expect_explained(name: str, learner: Any, rows: Rows) -> None:
    """As many parts of a score as there are weights, the same for a row alone and whatever the order of the columns."""
    parts, shape = learner.explain(rows), (len(rows), len(learner.weights()))
    _expect(parts.shape == shape and parts.dtype == np.float32, name,
            f"explains by {parts.dtype} {parts.shape}, expected float32 {shape}: a column for each of its weights")
    _expect(bool(np.isfinite(parts).all()), name, "explains by a number that is not finite")
    some = np.flatnonzero(rows.request == rows.request[-1])
    _expect(_near(learner.explain(_piece(rows, some)), parts[some]), name, "explains a batch otherwise than its singles")
    _expect(_same(learner.explain(_turned(rows)), parts), name, "explains by the order of the columns")
    _expect(len(learner.explain(_piece(rows, some[:0]))) == 0, name, "explains something of no rows")


def _turned(rows: Rows) -> Rows:
    words = None if rows.words is None else rows.words[:, np.arange(len(rows.word_names))[::-1]]
    return replace(rows, values=np.ascontiguousarray(rows.values[:, ::-1]), names=rows.names[::-1], words=words,
                   word_names=rows.word_names[::-1])


def _piece(rows: Rows, part: Array) -> Rows:
    requests, request = np.unique(rows.request[part], return_inverse=True)
    return replace(rows, values=rows.values[part], request=request.astype(np.int32), user=rows.user[part], item=rows.item[part],
                   history=rows.history[requests], label=None, actions=None,
                   text=None if rows.text is None else rows.text[requests],
                   words=None if rows.words is None else rows.words[part])


def _expect_unknown_rows(name: str, learner: Any, rows: Rows) -> None:
    """Every value missing, an unknown user without a history, items that nobody knows; and no row at all."""
    n = 3
    strangers = replace(rows, values=np.full((n, len(rows.names)), np.nan, np.float32), request=np.zeros(n, np.int32),
                        user=np.array([-1, -1, 10**6], np.int32), item=np.array([-1, rows.items + 7, 0], np.int32),
                        history=np.full((1, 5), -1, np.int32), label=None, actions=None, text=np.array(["quux"], dtype=object),
                        words=None if rows.words is None else 0 * rows.words[:n])
    _expect_numbers(name, learner.scores(strangers), n)
    _expect_numbers(name, learner.scores(_piece(rows, np.zeros(0, np.int64))), 0)


def _expect_order(name: str, order: I64, n: int, k: int) -> None:
    """At most k different positions: who must leave something out may end early."""
    _expect(order.dtype == np.int64 and order.ndim == 1 and len(order) <= min(n, k), name,
            f"gives {order.dtype} {order.shape} for {k} of {n}, expected int64 ({min(n, k)},) or fewer")
    _expect(len(set(order.tolist())) == len(order) and all(0 <= place < n for place in order.tolist()), name,
            f"gives positions that are not {min(n, k)} different ones of {n}")


def _area(scores: F32, history: I32, wanted: I32) -> float:
    """How often a wanted item stands above another unseen one (ties count half), over all users that want something."""
    wins = []
    for row, item in enumerate(wanted):
        others = np.setdiff1d(np.arange(scores.shape[1]), np.append(history[row], item))
        wins.append((scores[row, item] > scores[row, others]) + 0.5 * (scores[row, item] == scores[row, others]))
    return float(np.mean(np.concatenate(wins)))
