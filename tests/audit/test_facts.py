"""What the data show of themselves: each fact fires on its own fault and is silent beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.toy import EVENTS, USERS, case_of, design, world
from sevenfold.audit import facts
from sevenfold.audit.case import Case
from sevenfold.audit.facts import copies, doubles, rare_label, straddling
from sevenfold.design.sections import Design, Evaluation, Part
from sevenfold.nouns import DAY, SECOND, Log


def codes(case: Case) -> list[str]:
    return [one.code for one in facts(case)]


def waiting(days: int, window: float = 30.0) -> Case:
    made = design(item={"busy": Part(name="count", params={"over": window * 86400})})
    label = replace(made.framing.label, within=days * 86400.0)
    return case_of(replace(made, framing=replace(made.framing, label=label)), replace(world(), label_wait=days * DAY))


def test_a_clean_log_with_a_gap_has_no_fact() -> None:
    assert codes(waiting(3)) == []


def test_a_log_shorter_than_its_windows_waits_and_gaps() -> None:
    [one] = facts(waiting(3, window=95))
    assert (one.code, one.severity, one.where) == ("D04", "warning", "data.features.item.busy")
    assert one.problem == "the log covers 100 days, the longest window 95, the label's wait 3 and the gaps 6"


def test_a_test_of_events_that_are_too_young() -> None:
    [one] = facts(waiting(8))
    assert (one.code, one.where) == ("L03", "framing.label")
    assert one.problem.endswith("events are younger than the label's wait of 8 days, so nothing can be judged by them")


def test_a_rare_label_under_a_metric_of_both_classes() -> None:
    def judged(metric: str) -> Design:
        return replace(design(), evaluation=Evaluation(metric=metric))

    rare = np.arange(1_000) == 0
    [one] = rare_label(judged("roc_auc"), rare)
    assert (one.code, one.where) == ("L07", "evaluation.metric")
    assert one.problem == "0.10% of the events are positive, and 'roc_auc' is then high for who says no to all"
    assert [*rare_label(judged("pr_auc"), rare), *rare_label(judged("roc_auc"), ~rare)] == []


def log_of(rows: list[tuple[int, int, int, int | None]]) -> Log:
    time, user, item, value = zip(*sorted(rows, key=lambda row: row[0]))
    return Log(time=np.array(time), available=np.array(time), user=np.array(user, dtype=np.int32),
               item=np.array(item, dtype=np.int32), positive=np.ones(len(time), dtype=bool),
               table=pa.table({"value": pa.array(value, pa.int64()), "tags": [["x"]] * len(time)}))


ROWS = st.lists(st.tuples(*[st.integers(0, 3)] * 3, st.none() | st.integers(0, 1)), min_size=1, unique=True)


@given(rows=ROWS, again=st.lists(st.integers(0, 99), max_size=5, unique=True))
def test_copies_of_events_are_counted(rows: list[tuple[int, int, int, int | None]], again: list[int]) -> None:
    rows = [(n // 2, *row[1:]) for n, row in enumerate(rows)]  # moments with two events each
    rows = list(dict.fromkeys(rows))
    twice = sorted({number % len(rows) for number in again})
    found = list(doubles(log_of([copy for n, row in enumerate(rows) for copy in [row] * (1 + (n in twice))])))
    assert [one.problem for one in found] == [f"{len(twice)} of {len(rows) + len(twice)} events repeat another in every column"
                                              ] * bool(twice)


def test_texts_that_a_split_tears_apart() -> None:
    table = pa.table({"text": ["Win now", "win now ", "hello", None, None]})
    [one] = copies(table, "text", None, "random")
    assert (one.code, one.severity) == ("S06", "error")
    assert one.problem == ("2 of 5 rows share their 'text' with a row that a split by random may put on the other side")
    assert list(copies(table, "text", np.array([1, 1, 2, 3, 4]), "sender")) == []
    assert len(list(copies(table, "text", np.array([1, 2, 2, 3, 4]), "sender"))) == 1


def with_session(length: int, gap: float) -> Case:
    data, made = world(), design()
    sessions = pa.array(data.log.time // length * USERS + data.log.user)
    made = replace(made, data=replace(made.data, events=replace(made.data.events, session="visit"),
                                      split=replace(made.data.split, embargo=gap)))
    return case_of(made, replace(data, log=replace(data.log, table=data.log.table.append_column("visit", sessions))))


def test_sessions_that_lie_across_a_cut() -> None:
    found = list(facts(with_session(10 * DAY, 0.0)))
    assert {one.code for one in found} == {"S02"}
    assert "values of 'visit', the session, have events on both sides of a cut" in found[0].problem
    assert codes(with_session(10 * DAY, 3600.0)) == []
    assert codes(with_session(SECOND, 0.0)) == []


def test_the_same_act_on_both_sides_of_a_cut() -> None:
    data, row = world(), EVENTS * 9 // 10
    user, item, positive = data.log.user.copy(), data.log.item.copy(), data.log.positive.copy()
    time = data.log.time.copy()
    time[row - 1] = time[row] - SECOND  # the first event of the test, and its twin a second before
    for column in (user, item, positive):
        column[row - 1] = column[row]
    log = replace(data.log, time=time, available=time, user=user, item=item, positive=positive)
    found = list(facts(case_of(design(), replace(data, log=log))))
    assert [one.code for one in found] == ["S06"]
    assert "1 acts (user, item, label) happen within seconds on both sides of a cut" in found[0].problem


@pytest.mark.parametrize(("one", "other", "both"), [([1, 2, 2], [2, 3, None], 1), ([None], [None], 0), ([1], [2], 0)])
def test_values_on_both_sides(one: list[int | None], other: list[int | None], both: int) -> None:
    assert straddling(pa.chunked_array([pa.array(one, pa.int64())]), pa.chunked_array([pa.array(other, pa.int64())])) == both
