from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from sevenfold import data, design, features
from sevenfold.data.draft import draft
from sevenfold.data.splits import cuts
from sevenfold.errors import DataError
from sevenfold.nouns import Requests

SIZE = 2000


def table(**columns):
    rng = np.random.default_rng(0)
    log = {
        "timestamp": 1_700_000_000 + 3600 * np.arange(SIZE),
        "user_id": rng.integers(1, 90, SIZE),
        "movie_id": rng.integers(0, 40, SIZE),
        "rating": rng.integers(1, 6, SIZE),
        **columns,
    }
    return {name: column for name, column in log.items() if column is not None}


def drafted(tmp_path, name="films.csv", **columns):
    csv.write_csv(pa.table(table(**columns)), tmp_path / name)
    text = draft(tmp_path / name, folder=tmp_path)
    (tmp_path / "films.yaml").write_text(text, encoding="utf-8")
    return text, design.load(tmp_path / "films.yaml")


def sound(made):
    assert [
        finding for finding in design.check(made) if finding.severity == "error" and finding.name != "not-built"
    ] == []
    loaded = data.load(made)
    features.fit(made, loaded, cuts(loaded, made).ranker_from)
    return loaded


def test_ratings_with_plain_names(tmp_path):
    text, made = drafted(tmp_path)
    assert len(sound(made).log) == SIZE
    events = made.data.events
    assert (events.path, events.time, events.user, events.item, events.request) == (
        "films.csv",
        "timestamp",
        "user_id",
        "movie_id",
        None,
    )
    assert (made.framing.label.is_, made.framing.label.within) == ("rating >= 4", 86400)
    assert len(made.solutions) == 3
    for comment in (
        "  # user: its name says so; 89 of them",
        "  # time: its name and values say so",
        "  # is: ? three quarters up its range 1 to 5; 39% of the events reach it",
        "# ? the one number that defines success",
    ):
        assert comment in text


def test_names_that_say_nothing_are_marked(tmp_path):
    columns = table()
    text, made = drafted(
        tmp_path, **dict.fromkeys(columns), a=columns["timestamp"], b=columns["user_id"], c=columns["movie_id"]
    )
    assert (made.data.events.time, made.data.events.user, made.data.events.item) == ("a", "b", "c")
    assert "  # user: ? no name says so; of those left it has most values, 89" in text
    assert "  # time: ? its values say so" in text
    sound(made)


@pytest.mark.parametrize(
    ("ids", "expression"), [(lambda ids: ids, "movie_id != -1"), (lambda ids: [f"m{i}" for i in ids], "movie_id != ''")]
)
def test_without_a_label_every_event_counts(tmp_path, ids, expression):
    text, made = drafted(tmp_path, rating=None, movie_id=ids(table()["movie_id"]))
    assert made.framing.label.is_ == expression
    assert "  # is: ? no column looks like a label, so every event counts" in text
    assert sound(made).log.positive.all()


def test_what_may_be_written_after_the_label_is_no_feature(tmp_path):
    rng = np.random.default_rng(1)
    text, made = drafted(
        tmp_path,
        rating=None,
        clicked=rng.integers(0, 2, SIZE),
        watched_share=rng.random(SIZE),
        revenue=rng.random(SIZE),
        device=rng.choice(["tv", "phone"], SIZE),
        genre=table()["movie_id"] % 3,
    )
    assert made.framing.label.is_ == "clicked"
    assert "  # ? left out: watched_share, revenue, genre; each may be written after the label" in text
    assert sorted(made.data.features["context"]) == ["device", "hour"]
    assert not {"watched_share", "revenue"} & set(sound(made).log.table.column_names)


def test_impressions_are_recognised(tmp_path):
    page = np.repeat(np.arange(SIZE // 5), 5)
    text, made = drafted(tmp_path, rating=None, liked=np.arange(SIZE) % 3 == 0, request_id=page, user_id=page % 50)
    assert made.data.events.request == "request_id"
    assert made.framing.label.negatives is not None
    assert made.framing.label.negatives.name == "shown"
    assert "  # request: ? groups events of one user, 5.0 at a time" in text
    assert sound(made).impressions


def test_odd_names_and_dates(tmp_path):
    columns = table()
    days = (np.datetime64("2025-01-01") + np.arange(SIZE) // 5).astype(str)
    text, made = drafted(
        tmp_path, timestamp=None, user_id=None, **{"Event Date": days, "customerId": columns["user_id"]}
    )
    assert (made.data.events.time, made.data.events.user) == ("Event Date", "customerId")
    assert "# no context" in text
    sound(made)


def test_what_cannot_be_drafted(tmp_path):
    for columns, problem in (
        ({"timestamp": None}, "from films.csv: no column holds times; its columns are user_id, movie_id, rating"),
        (
            {"user_id": None, "movie_id": None, "rating": None},
            "no column looks like the user; its columns are timestamp",
        ),
        ({"movie_id": None, "rating": None}, "no column looks like the item"),
    ):
        with pytest.raises(DataError) as caught:
            drafted(tmp_path, **columns)
        assert problem in str(caught.value)
    with pytest.raises(DataError, match=r"from\.path: there is no file"):
        draft(tmp_path / "absent.csv", folder=tmp_path)
    columns = table()
    with pytest.raises(DataError, match="no column looks like a label, and no expression names this one"):
        drafted(tmp_path, rating=None, movie_id=None, **{"movie`id": columns["movie_id"]})


@pytest.mark.parametrize(
    ("label", "odd", "expression"),
    [
        ({"rating": None}, {"movie_id": "Movie (id)"}, "`Movie (id)` != -1"),
        ({}, {"rating": "Stars, given"}, "`Stars, given` >= 4"),
    ],
)
def test_a_label_of_any_name_is_quoted(tmp_path, label, odd, expression):
    columns = table(**label)
    made = drafted(tmp_path, **label, **dict.fromkeys(odd), **{name: columns[old] for old, name in odd.items()})[1]
    assert made.framing.label.is_ == expression
    assert sound(made).log.positive.any()


MOMENTS = np.datetime64("2026-01-01T00:00:00") + 3600 * np.arange(SIZE)


@pytest.mark.parametrize(
    ("row", "value"),
    [(501, "yesterday"), (1, "yesterday"), (501, "1970-01-01 00:00:00"), (SIZE, "2226-01-01 00:00:00")],
)
def test_one_bad_cell_in_the_column_of_times_is_named(tmp_path, row, value):
    cells = MOMENTS.astype("<U19")
    cells[row - 1], cells[700] = value, ""
    with pytest.raises(DataError, match=f"'timestamp' would be it, but row {row} holds '{value}'") as caught:
        drafted(tmp_path, timestamp=cells)
    assert caught.value.hint.startswith("Mend that row")


def test_days_that_are_not_read_are_named(tmp_path):
    cells = [moment.strftime("%d.%m.%Y %H:%M") for moment in MOMENTS.tolist()]
    with pytest.raises(DataError, match=r"'timestamp' would be it, but row 1 holds '01\.01\.2026 00:00'") as caught:
        drafted(tmp_path, timestamp=cells)
    assert "2026-01-31T12:00:00 (ISO 8601)" in caught.value.hint


def test_nobody_is_no_user(tmp_path):
    users = table()["user_id"].astype("<U8")
    users[::50] = ""
    csv.write_csv(pa.table(table(user_id=users)), tmp_path / "films.csv")
    assert "# user: its name says so; 89 of them" in draft(tmp_path / "films.csv", folder=tmp_path)


@pytest.mark.parametrize(("films", "again"), [(40, True), (10**6, False)])
def test_what_people_come_back_for_may_come_again(tmp_path, films, again):
    text, made = drafted(tmp_path, movie_id=np.random.default_rng(1).integers(0, films, SIZE))
    loaded = sound(made)
    assert made.framing.answer.again is again
    assert ("of the rows repeat an item of their user" in text) is again
    log = loaded.log.take(np.arange(SIZE - 100, SIZE))
    asked = Requests(time=log.time, user=log.user)
    view = features.fit(made, loaded, cuts(loaded, made).ranker_from).over(loaded)
    assert (not view.seen(asked)[0][-1]) is again, "what was chosen before is withheld unless it may come again"


def test_only_what_withholds_may_let_it_come_again(tmp_path):
    _, made = drafted(tmp_path)
    framing = replace(made.framing, task="search", answer=replace(made.framing.answer, again=True))
    found = [one for one in design.check(replace(made, framing=framing)) if one.where == "framing.answer.again"]
    assert [one.code for one in found] == ["F03"]
