from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest

from sevenfold import design
from sevenfold.design.checks.examples import DESIGNS, Mutant
from sevenfold.design.questions import Question, questions
from sevenfold.design.sections import Design

SHIPPED = sorted(path for path in DESIGNS.glob("*.yaml") if "." not in path.stem)


def asked(patch: dict[str, Any], on: str = "video") -> dict[str, Question]:
    made, findings = design.read(Mutant(on, patch).text())
    assert made is not None, findings
    return {one.where: one for one in questions(made)}


def inner(hint: Any) -> Any:
    return hint if is_dataclass(hint) else next(filter(None, map(inner, get_args(hint))), None)


def leads_somewhere(path: str) -> bool:
    at: Any = Design
    for key in path.split("."):
        known = {one.name.rstrip("_") for one in fields(at)} if at else set()
        if key not in known:
            return False
        at = inner(get_type_hints(at, include_extras=True)[next(one.name for one in fields(at) if one.name.rstrip("_") == key)])
    return True


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_question_is_one_and_names_a_key(path: Any) -> None:
    found = questions(design.load(path))
    assert 25 <= len(found) <= 40
    assert len({one.where for one in found}) == len(found)
    for one in found:
        assert re.fullmatch(r"[A-Z][^?\n]*\?", one.asks)
        assert leads_somewhere(one.where), one.where
        assert one.example is None or one.answer or one.aside, "a shipped design leaves open what R06 asks"


def test_an_answer_is_the_document_s_own_text() -> None:
    found = asked({})
    assert found["requirements.goal"].answer == "metric: watch_time, from: 42min/day, to: +3%, within: 90d"
    assert found["requirements.scale.daily_users"].answer == "8M"
    assert found["requirements.scale.peak"].answer == "3", "a default is an answer"
    assert found["framing.label"].answer == "is: watched >= 0.7, within: 1d, negatives: shown, biases: position, exposure"
    assert found["data.features"].answer == "user, item, context, pair"
    assert found["solutions"].answer == "popular, trees, deep"
    assert found["owner"].answer is None


def test_what_is_set_aside_keeps_its_reason() -> None:
    found = asked({"requirements": {"freshness": {"na": "a frozen log"}, "action": {"na": "machines read it"}}})
    assert found["requirements.freshness.user"].aside == found["requirements.freshness.model"].aside == "a frozen log"
    assert (found["requirements.action"].answer, found["requirements.action"].aside) == (None, "machines read it")


def test_a_question_arises_only_where_it_can() -> None:
    spam, video = asked({}, "spam"), asked({})
    assert "requirements.freshness.user" not in spam, "nobody is named in the log"
    assert "requirements.scale.items" not in spam
    assert "serving.predict.else" in spam
    assert "serving.predict.else" not in video
    assert "framing.costs" not in video
    assert "framing.label.negatives" not in spam, "its label does not wait for an action"
