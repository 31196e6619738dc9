"""What `words` and `characters` share: runs of words or of characters, weighed by how often and in how many texts they stand."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa

from sevenfold.errors import DataError
from sevenfold.features.past import Fitted, Past, State
from sevenfold.nouns import Array
from sevenfold.units import Range

WORD = r"(?u)\w+|[^\w\s]+"  # a run of letters and digits, or of signs
DIGIT = re.compile(r"\d")
TEXTS = 2  # in which a term must stand
END = "\0"  # between terms


def frozen(past: Past, column: str, analyzer: str, n: Range) -> Fitted:
    """The terms of the texts before the cut, sorted, and their inverse document frequencies."""
    texts = past.column(column)
    if not pa.types.is_string(texts.type):
        raise DataError(past.where, f"expected a column of texts, got {texts.type}", "Name a column of texts.")
    known = texts.filter(pa.array(past.events())).drop_null().to_pylist()
    made = _vectoriser(analyzer, (int(n.low), int(n.high)), min_df=TEXTS)
    try:
        made.fit(known)
    except ValueError as error:  # what scikit-learn raises where nothing is left
        raise DataError(past.where, f"no term stands in {TEXTS} of the {len(known)} texts before the cut",
                        "Take a longer log, or another column.") from error
    terms = made.get_feature_names_out().tolist()
    state = {"terms": np.frombuffer(END.join(terms).encode(), dtype=np.uint8), "idf": made.idf_, "n": np.array([n.low, n.high])}
    return Fitted(state, tuple(f"={term}" for term in terms))


def reader(state: State, analyzer: str) -> Any:
    """What turns texts into vectors, as it was frozen."""
    made = _vectoriser(analyzer, tuple(state["n"].astype(int).tolist()))
    made.set_params(vocabulary=state["terms"].tobytes().decode().split(END))
    made.idf_ = state["idf"]
    return made


def vectors(made: Any, texts: Array) -> Any:
    """[texts, terms] CSR: (1 + log count) · idf, rows of length 1 or 0; digits are alike, and so are large and small letters."""
    return made.transform(texts)


def _vectoriser(analyzer: str, n: tuple[int, ...], **chosen: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    if analyzer == "word":
        chosen["token_pattern"] = WORD
    return TfidfVectorizer(analyzer=analyzer, ngram_range=n, sublinear_tf=True, preprocessor=_plain, dtype=np.float32, **chosen)


def _plain(text: str) -> str:
    """Small letters, and 0 for every digit: a number is known by its shape."""
    return DIGIT.sub("0", text.lower().replace(END, " "))
