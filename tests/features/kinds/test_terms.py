"""Words and characters: what counts as one, what is frozen at the cut, and the same vectors once saved and loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from sevenfold import features
from sevenfold.design.sections import Answer, DataSection, Design, Evaluation, Events, Framing, Label, Part
from sevenfold.errors import DataError
from sevenfold.funnel.pipeline import given
from sevenfold.nouns import SECOND, Data, Entities, Log, Requests
from sevenfold.units import Range

TEXTS = ["Win 100 now!!", "win 250 NOW!!", "home now", "win home", "later later", "never seen before the cut"]


def data(texts: list[str | None]) -> Data:
    time = np.arange(1, len(texts) + 1) * SECOND
    nobody = Entities(ids=np.zeros(0, np.int64), table=pa.table({}))
    log = Log(time=time, available=time, user=np.full(len(texts), -1, np.int32), item=np.full(len(texts), -1, np.int32),
              positive=time > 0, table=pa.table({"message": pa.array(texts, pa.string())}))
    return Data(log=log, users=nobody, items=nobody)


def design(**declared: Part) -> Design:
    return Design(name="toy", framing=Framing(task="classify", answer=Answer(decision="spam"), label=Label(is_="spam", own=True)),
                  data=DataSection(events=Events(path="-", text="message"), features={"text": declared}),
                  evaluation=Evaluation(metric="recall"))


DECLARED = {"said": Part("words", {"words": "message", "n": Range(1, 2)}), "spelt": Part("characters", {"characters": "message"})}


def vectors(fitted: features.Features, over: Data, texts: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    n = len(texts)
    asked = Requests(time=np.full(n, 99 * SECOND), user=np.full(n, -1, np.int32), item=np.full(n, -1, np.int32),
                     context={"message": np.array(texts, dtype=object)})
    rows = fitted.over(over).rows(asked, given(asked))
    return rows.words.toarray(), rows.word_names


def test_words_and_signs_are_terms_and_digits_are_alike() -> None:
    log = data(TEXTS)
    fitted = features.fit(design(said=DECLARED["said"]), log, 6 * SECOND)  # the last text came at the cut
    found, names = vectors(fitted, log, ["WIN 999 now!!", "", "before the cut"])
    assert names == tuple(f"text.said={term}" for term in
                          ("!!", "000", "000 now", "home", "now", "now !!", "win", "win 000"))  # sorted, each in two texts
    assert set(np.array(names)[found[0] > 0]) == set(names) - {"text.said=home"}
    assert found[0] @ found[0] == pytest.approx(1.0, abs=1e-6)
    assert not found[1:].any()


def test_weights_by_hand() -> None:
    log = data(["a b", "a c", "a a a c"])
    fitted = features.fit(design(said=Part("words", {"words": "message", "n": Range(1, 1)})), log, 9 * SECOND)
    found, names = vectors(fitted, log, ["a a a c"])
    assert names == ("text.said=a", "text.said=c")
    weights = np.array([(1 + np.log(3)) * (np.log(4 / 4) + 1), np.log(4 / 3) + 1])
    np.testing.assert_allclose(found[0], weights / np.sqrt((weights**2).sum()), rtol=1e-6)


def test_what_is_misspelt_shares_characters() -> None:
    log = data(["free money", "free money", "see you at home", "see you at home"])
    fitted = features.fit(design(**DECLARED), log, 9 * SECOND)
    found, names = vectors(fitted, log, ["free money", "freee m.oney", "see you"])
    characters = np.array([name.startswith("text.spelt") for name in names])
    alike = found[:, characters] @ found[:, characters].T
    assert alike[0, 1] > 0.3 > alike[1, 2]
    assert list(names) == sorted(name for name in names)


def test_saved_and_loaded_the_same_one_by_one_too(tmp_path: Path) -> None:
    log = data([*TEXTS, None, "tab\tand\0nothing", "tab\tand\0nothing"])
    fitted = features.fit(design(**DECLARED), log, 99 * SECOND)
    fitted.save(tmp_path)
    again = features.load(tmp_path)
    texts = [*TEXTS, "new words", ""]
    expected, names = vectors(fitted, log, texts)
    found, same = vectors(again, log, texts)
    np.testing.assert_array_equal(found, expected)
    assert same == names
    for row, text in enumerate(texts):
        np.testing.assert_array_equal(vectors(again, log, [text])[0][0], expected[row])


def test_texts_without_a_common_term_and_numbers_are_refused() -> None:
    with pytest.raises(DataError, match=r"data\.features\.text\.said: no term stands in 2 of the 2 texts before the cut"):
        features.fit(design(**DECLARED), data(["one", "two"]), 9 * SECOND)
    numbers = data(["one", "two"])
    numbers = replace(numbers, log=replace(numbers.log, table=pa.table({"message": [1, 2]})))
    with pytest.raises(DataError, match=r"data\.features\.text\.said: expected a column of texts, got int64"):
        features.fit(design(**DECLARED), numbers, 9 * SECOND)
