from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from sevenfold.data import sources, worlds
from sevenfold.errors import DataError

EVENTS = {"video": "events.parquet", "ads": "impressions.parquet", "ratings": "ratings.parquet", "friends": "contacts.dat",
          "spam": "messages.tsv", "search": "judgements.tsv", "feed": "shown.parquet", "similar": "clicks.parquet"}
ROWS = 20_000


@cache
def world(name: str) -> dict[str, pa.Table]:
    return dict(worlds.simulate(name, rows=ROWS, seed=1))


def column(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy()


@pytest.mark.parametrize("name", worlds.WORLDS)
def test_a_world_has_the_rows_asked_for_and_reads_as_it_was_made(name, tmp_path):
    made = world(name)
    assert len(made[EVENTS[name]]) == ROWS
    worlds.write(made, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(made)
    for file, table in made.items():
        source = sources.find(file, folder=tmp_path, where="data.events")
        back = sources.read(source, source.columns)
        assert back.column_names == table.column_names
        assert back.num_rows == table.num_rows
        for each in table.column_names:
            if pa.types.is_string(table.schema.field(each).type) or pa.types.is_integer(table.schema.field(each).type):
                assert back[each].to_pylist() == table[each].to_pylist()


@pytest.mark.parametrize("name", worlds.WORLDS)
def test_the_same_seed_gives_the_same_bytes(name, tmp_path):
    def digests(seed: int, folder: Path) -> list[str]:
        files = worlds.write(worlds.simulate(name, rows=500, seed=seed), folder)
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]

    assert digests(3, tmp_path / "a") == digests(3, tmp_path / "b") != digests(4, tmp_path / "c")


def test_a_world_that_cannot_be():
    with pytest.raises(DataError, match="data simulate: no world is called 'add'\n    hint: Did you mean 'ads'"):
        worlds.simulate("add")
    with pytest.raises(DataError, match="data simulate --rows: expected at least 500, got 10"):
        worlds.simulate("ads", rows=10)


def calibrated(happened: np.ndarray, chance: np.ndarray, bins: int = 5) -> None:
    """In each fifth of the chances as much happened as they say, within four standard errors."""
    for rows in np.array_split(np.argsort(chance, kind="stable"), bins):
        error = np.sqrt((chance[rows] * (1 - chance[rows])).sum())
        assert abs(happened[rows].sum() - chance[rows].sum()) < 4 * error + 1


def test_clicks_on_ads_follow_their_chances():
    shown, ads, chance = world("ads")["impressions.parquet"], world("ads")["ads.parquet"], world("ads")["truth.parquet"]
    clicked, position, ad = (column(shown, name) for name in ("clicked", "position", "ad_id"))
    calibrated(clicked, column(chance, "probability"))
    assert clicked[position == 1].mean() > 1.5 * clicked[position == 3].mean()
    assert (column(shown, "price") <= column(ads, "bid")[ad - 1] + 1e-4).all()
    assert (np.diff(column(shown, "shown_at")) >= np.timedelta64(0)).all()
    assert (column(ads, "published")[ad - 1] <= column(shown, "shown_at")).all()
    late = shown.filter(pa.array(clicked == 1))
    assert shown["clicked_at"].null_count == (clicked == 0).sum()
    assert (column(late, "clicked_at") >= column(late, "shown_at")).all()
    assert len(np.unique(column(shown, "request_id") * 10_000 + ad)) == ROWS, "an ad stands on a page once"


def test_ratings_scatter_round_what_is_expected():
    given, expected = world("ratings")["ratings.parquet"], column(world("ratings")["truth.parquet"], "expected")
    rating, user, film = (column(given, name) for name in ("rating", "user_id", "movie_id"))
    assert set(rating) == {1, 2, 3, 4, 5}
    for rows in np.array_split(np.argsort(expected, kind="stable"), 5):
        assert rating[rows].mean() == pytest.approx(expected[rows].mean(), abs=4 * 0.8 / len(rows) ** 0.5)
    assert len(np.unique(user * 10_000 + film)) == ROWS
    assert (np.diff(column(given, "timestamp")) >= np.timedelta64(0)).all()
    biases = np.bincount(user, rating)[user] / np.bincount(user)[user] + np.bincount(film, rating)[film] / np.bincount(film)[film]
    by_truth, by_biases = (np.std(rating - guess) for guess in (expected, biases))
    assert by_truth < by_biases < np.std(rating)


def test_friendships_close_triangles():
    links, truth = world("friends")["contacts.dat"], world("friends")["truth.parquet"]
    one, other = column(links, "userID"), column(links, "contactID")
    assert (one != other).all()
    assert ((one[::2] == other[1::2]) & (other[::2] == one[1::2])).all(), "each friendship stands both ways"
    assert len(np.unique(one * 100_000 + other)) == ROWS
    assert (np.diff(column(links, "timestamp")) >= 0).all()
    friends: dict[int, set[int]] = {}
    reached = []
    for left, right in zip(one[::2].tolist(), other[::2].tolist()):
        mine, theirs = friends.setdefault(left, set()), friends.setdefault(right, set())
        reached.append(not mine.isdisjoint(theirs))
        mine.add(right)
        theirs.add(left)
    way = np.array(truth["way"].to_pylist())
    assert np.array(reached)[way == "friend of a friend"].all()
    assert 0.4 < (way == "friend of a friend").mean() < 0.7
    assert np.array(reached)[way == "anybody"].mean() < 0.5
    assert column(truth, "same_community")[way == "community"].all()


def test_spam_is_told_by_its_words_and_hides_some_of_them():
    messages, truth = world("spam")["messages.tsv"], world("spam")["truth.parquet"]
    spam, chance = np.array(truth["label"].to_pylist()) == "spam", column(truth, "probability")
    fresh = column(truth, "copy_of") == column(truth, "id")
    # spam is copied more often, so it is rarer among what is new than the chance of a message says
    odds = np.log(chance / (1 - chance) * fresh[spam].mean() / fresh[~spam].mean())[fresh]
    calibrated(spam[fresh], 1 / (1 + np.exp(-odds)))
    assert 0.96 < ((chance > 0.5) == spam)[fresh].mean() < 0.995
    weak = np.array(messages["weak"].to_pylist()) == "spam"
    assert 0.6 < (weak & spam).sum() / weak.sum() < 0.95
    assert 0.2 < (weak & spam).sum() / spam.sum() < 0.6
    hand = np.array(messages["label"].to_pylist(), dtype=object)
    assert (hand[hand != None] == np.array(truth["label"].to_pylist())[hand != None]).all()  # noqa: E711
    misspelt = column(truth, "misspelt") > 0
    assert not misspelt[~spam].any()
    assert 0.3 < misspelt[spam].mean() < 0.6
    text = messages["message"].to_pylist()
    copies = np.flatnonzero(~fresh)
    assert len(copies) > 0.05 * len(text)
    assert all(text[row].rpartition(" ")[0] == text[column(truth, "copy_of")[row] - 1].rpartition(" ")[0] for row in copies[:200])


def test_documents_are_graded_by_subject_and_share_words_with_it():
    tables = world("search")
    judged, truth = tables["judgements.tsv"], tables["truth.parquet"]
    query, document, grade = (column(judged, name) for name in ("query_id", "document_id", "grade"))
    assert set(grade) == {0, 1, 2}
    assert len(np.unique(query * 100_000 + document)) == ROWS
    of_query = np.array(tables["queries.tsv"]["split"].to_pylist())[query - 1]
    assert (np.array(judged["split"].to_pylist()) == of_query).all()
    assert {"train", "dev", "test"} == set(of_query)
    topic, aspect = column(truth, "topic")[document - 1], column(truth, "aspect")[document - 1]
    for one in np.unique(query)[:20]:
        rows = query == one
        assert len(np.unique(topic[rows & (grade > 0)])) == 1
        assert len(np.unique(aspect[rows & (grade == 2)])) <= 1
        assert not set(topic[rows & (grade == 0)]) & set(topic[rows & (grade > 0)])
    asked = [set(text.split()) for text in tables["queries.tsv"]["query"].to_pylist()]
    words = [set(text.split()) for text in tables["documents.jsonl"]["body"].to_pylist()]
    shared = np.array([len(asked[q - 1] & words[d - 1]) for q, d in zip(query, document)])
    assert shared[grade == 2].mean() > 1.5 * shared[grade == 1].mean() > 1.5 * shared[grade == 0].mean()
    assert (shared[grade == 2] == 0).mean() > 0.1, "some say the same in other words"


def test_what_is_done_with_posts_follows_its_chances():
    shown, posts, truth = (world("feed")[f"{name}.parquet"] for name in ("shown", "posts", "truth"))
    for action in truth.column_names[1:]:
        calibrated(column(shown, action), column(truth, action))
    done = {action: column(shown, action) == 1 for action in truth.column_names[1:]}
    assert not (done["skipped"] & done["clicked"]).any()
    assert (done["clicked"] | ~done["lingered"]).all()
    post, reader = column(shown, "post"), column(shown, "reader")
    assert (column(posts, "posted")[post - 1] <= column(shown, "shown_at")).all()
    assert len(np.unique(column(shown, "request_id") * 100_000 + post)) == ROWS
    # what a reader did with an author before says what follows
    pair = reader * 10_000 + np.unique(column(posts, "author"), return_inverse=True)[1][post - 1]
    half = ROWS // 2
    fond, cold = (np.unique(pair[:half][done["clicked"][:half] == liked]) for liked in (True, False))
    later, clicked = pair[half:], done["clicked"][half:]
    assert clicked[np.isin(later, fond)].mean() > 1.3 * clicked[np.isin(later, np.setdiff1d(cold, fond))].mean()


def test_visits_stay_with_a_subject_and_read_what_exists():
    clicks, articles, truth = (world("similar")[name] for name in ("clicks.parquet", "articles_metadata.csv", "truth.parquet"))
    article, visit, time = (column(clicks, name) for name in ("click_article_id", "session_id", "click_timestamp"))
    assert (np.diff(time) >= 0).all()
    assert (column(articles, "created_at_ts")[article - 1] <= time).all()
    born = column(articles, "created_at_ts")
    hours = np.unique((born[born >= time[0]] - time[0]) // 3_600_000)
    assert len(hours) >= 16 * 24 - 3, "articles are born every hour"
    order = np.lexsort((time, visit))
    subject, same = column(articles, "category_id")[article - 1][order], np.diff(visit[order]) == 0
    assert (np.diff(subject) == 0)[same].mean() == pytest.approx(0.7 + 0.3 / 25, abs=0.03)
    assert (np.diff(subject) == 0)[same & column(truth, "stayed")[order][1:]].all()
