"""What learners of text read of `Rows`: the words of a row in the order in which they were learnt."""

from __future__ import annotations

from typing import Any

from sevenfold.errors import ModelError, nearest
from sevenfold.nouns import Rows


def words(rows: Rows, names: tuple[str, ...], where: str) -> Any:
    """CSR [n, names], whatever the order in `rows`; `ModelError` names a missing one."""
    if rows.word_names == names:
        return rows.words
    place = {name: column for column, name in enumerate(rows.word_names)}
    for name in names:
        if name not in place:
            raise ModelError(where, f"needs the feature '{name}', which the rows do not have", nearest(name, place))
    return rows.words[:, [place[name] for name in names]]
