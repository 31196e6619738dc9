"""Rows without a clock: groups stay together, the test comes last, and nothing reads it before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold import data as sources
from sevenfold import design as documents
from sevenfold.data.splits import cuts
from sevenfold.data.unclocked import NEVER, near
from sevenfold.design.sections import Design
from sevenfold.errors import DataError

SPAM = """
name: spam
framing:
  task: classify
  answer: {{decision: spam, at: message_received}}
  label: {{is: label == 'spam', own: true}}
data:
  events: {{path: messages.csv, time: none, text: message}}
  split: {split}
solutions:
  one: {{predict: logistic}}
evaluation: {{metric: recall}}
"""


def design(folder: Path, split: str, rows: list[str], header: str = "label,message,sender,split") -> Design:
    (folder / "messages.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    (folder / "spam.yaml").write_text(SPAM.format(split=split), encoding="utf-8")
    return documents.load(folder / "spam.yaml")


def messages(count: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnop"))
    return [f"{('ham', 'spam')[n % 2]},{''.join(letters[rng.integers(16, size=9)])},{n % 40},{('train', 'dev', 'test')[n % 3]}"
            for n in range(count)]


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000))
def test_a_group_lies_on_one_side_and_the_test_is_last(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    made = design(tmp_path_factory.mktemp("group"), "{by: group, group: sender, validate: 20%, test: 20%}", messages(300, seed))
    data = sources.load(made)
    found = cuts(data, made)
    sender = np.asarray(data.log.table["sender"])
    stretches = ((found.start, found.train_until), (found.validate_from - 1, found.validate_until),
                 (found.test_from - 1, found.end))
    parts = [set(sender[(data.log.time > low) & (data.log.time <= high)]) for low, high in stretches]
    assert len(parts[1]) == len(parts[2]) == 8
    assert sum(len(part) for part in parts) == len(set.union(*parts)) == 40


def test_validation_and_test_never_become_available(tmp_path: Path) -> None:
    made = design(tmp_path, "{by: random, validate: 20%, test: 20%}", messages(200))
    data = sources.load(made)
    found = cuts(data, made)
    assert (data.log.available[data.log.time >= found.validate_from] == NEVER).all()
    assert (data.log.available[data.log.time < found.validate_from] == data.log.time[data.log.time < found.validate_from]).all()


def test_a_given_split_is_kept(tmp_path: Path) -> None:
    made = design(tmp_path, "{by: random, validate: given, test: given}", messages(90))
    data = sources.load(made)
    assert data.log.table["split"].to_pylist() == ["train"] * 30 + ["dev"] * 30 + ["test"] * 30


def test_the_order_is_the_same_every_time(tmp_path: Path) -> None:
    made = design(tmp_path, "{by: random, validate: 20%, test: 20%}", messages(100))
    assert sources.load(made).fingerprint == sources.load(made).fingerprint


def test_near_duplicates_differ_by_case_digits_and_signs_alone() -> None:
    texts = pa.chunked_array([["Win 100 NOW!!", "win 999 now", "Win 100 later", None]])
    one, same, other, nothing = near(texts).to_pylist()
    assert one == same != other
    assert nothing == ""


@pytest.mark.parametrize(("split", "header", "problem"), [
    ("{by: random, validate: given, test: given}", "label,message,sender,part",
     "the split is given, and no column is called 'split'"),
    ("{by: group, group: author, validate: 20%, test: 20%}", "label,message,sender,split", "no column is called 'author'")])
def test_a_split_that_the_table_cannot_give(tmp_path: Path, split: str, header: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        sources.load(design(tmp_path, split, messages(50), header))


def test_a_given_split_with_another_word(tmp_path: Path) -> None:
    rows = [row.replace(",dev", ",later") for row in messages(50)]
    with pytest.raises(DataError, match="column 'split' holds 'later'"):
        sources.load(design(tmp_path, "{by: random, validate: given, test: given}", rows))
