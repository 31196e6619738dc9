from __future__ import annotations

import numpy as np
import pytest

from sevenfold.errors import ModelError
from sevenfold.funnel.rerankers.rules import Rules
from sevenfold.testing import check_reranker, toy_context

CONTEXT = toy_context()
ITEMS = np.random.default_rng(3).permutation(50)[:30].astype(np.int32)
SCORES = np.random.default_rng(4).normal(size=30)
ROWS = CONTEXT.table.to_pylist()


@pytest.mark.parametrize("params", [{}, {"block": "club == 'a'"}, {"pin": "price > 5"}, {"block": "price > 0"}])
def test_contract(params):
    check_reranker("rules", **params)


def test_what_is_blocked_is_gone_and_what_is_pinned_comes_first():
    order = Rules(block="club == 'a' and price < 7", pin="price == 8 or club == 'b'").order(ITEMS, SCORES, CONTEXT, 30)
    rows = {at: ROWS[item] for at, item in enumerate(ITEMS)}
    left = [at for at in np.argsort(-SCORES) if not (rows[at]["club"] == "a" and rows[at]["price"] < 7)]
    pinned = [at for at in left if rows[at]["price"] == 8 or rows[at]["club"] == "b"]
    assert 0 < len(pinned) < len(left) < 30
    assert order.tolist() == pinned + [at for at in left if at not in pinned]


def test_a_missing_value_neither_blocks_nor_pins():
    order = Rules(block="not club == 'a'").order(ITEMS, SCORES, CONTEXT, 30)
    assert {ROWS[item]["club"] for item in ITEMS[order]} == {"a", None}


@pytest.mark.parametrize(("params", "message"), [
    ({"block": "club == "}, r"rules\.block: 'club == ' is no expression: stuck at character 9, 'the end'"),
    ({"pin": "clubs"}, r"rules\.pin: the table of items has no column 'clubs'\n    hint: Did you mean 'club'\?"),
    ({"block": "price == 'dear'"}, r"rules\.block: column 'price' of type int64 cannot be held against 'dear'"),
    ({"pin": "club"}, r"rules\.pin: column 'club' of type string is neither true nor false"),
])
def test_a_rule_that_cannot_be_asked_is_refused_by_name(params, message):
    with pytest.raises(ModelError, match=message):
        Rules(**params).order(ITEMS, SCORES, CONTEXT, 3)
