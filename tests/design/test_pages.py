"""What a rule's page promises is so: its finding is the rule's own, and what it offers to paste silences it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sevenfold import design
from sevenfold.design.checks.examples import DESIGNS, Mutant, examples, laid_over
from sevenfold.design.checks.pages import EVER, code_of, families, found, page
from sevenfold.design.document import parse
from sevenfold.design.findings import MEASURED, RULES, UNUSABLE
from sevenfold.errors import DesignError


def blocks(code: str, heading: str) -> list[dict[str, Any]]:
    """The YAML under a heading of a page."""
    section = page(code, EVER).split(f"## {heading}\n")[1].split("\n## ")[0]
    return [parse(text)[0] for text in re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)]


STATIC = sorted(RULES.keys() - MEASURED.keys())


@pytest.mark.parametrize("code", STATIC)
def test_a_page_is_whole(code: str) -> None:
    text, rule, example = page(code), RULES[code], examples()[code]
    assert text.startswith(f"# {code} {rule.name}\n\n{example.rule} {example.reason}\n\nSeverity: {rule.severity} ")
    assert f"{rule.severity} {code}]" in text.split("## Where it speaks")[1].split("## Where it does not")[0]
    assert text.count("\n## ") == 3
    assert max(map(len, text.splitlines())) <= 340
    assert "\n\n\n" not in text


@pytest.mark.parametrize("code", [code for code in STATIC if not isinstance(examples()[code].fires[0].change, str)])
def test_the_change_of_a_page_fires_and_what_it_offers_silences(code: str) -> None:
    fires = examples()[code].fires[0]
    (change,) = blocks(code, "Where it speaks")
    assert found(RULES[code], Mutant(fires.on, change).text())
    for way in blocks(code, "To accept it"):
        if "waivers" in way:
            way = {"waivers": [*change.get("waivers", []), *way["waivers"]]}
        assert not found(RULES[code], Mutant(fires.on, laid_over(change, way)).text())


@pytest.mark.parametrize("code", sorted(MEASURED.keys() - {UNUSABLE}))
def test_the_page_of_what_only_the_data_show_says_who_looks_and_how_to_waive_it(code: str) -> None:
    assert "Only the data can show it: `sevenfold check FILE --data` and a run look for it." in page(code)
    [way] = blocks(code, "To accept it")
    assert design.from_mapping({**parse((DESIGNS / "video.yaml").read_text())[0], **way}).waivers[0].code == code


def test_some_rules_can_be_waived_some_set_aside_and_some_only_mended() -> None:
    assert [list(way) for way in blocks("R05", "To accept it")] == [["waivers"], ["requirements"]]
    assert [list(way) for way in blocks("S01", "To accept it")] == [["waivers"]]
    assert blocks("Z01", "To accept it") == []
    assert "it has to be mended" in page("Z01")
    assert blocks(UNUSABLE, "To accept it") == []
    assert "it has to be mended" in page(UNUSABLE)


@pytest.mark.parametrize(("code", "severity"), [
    ("R01", "Severity: error at every stage."), ("R05", "Severity: warning from stage `design` on, info at `concept`."),
    ("E09", "Severity: warning from stage `prototype` on, info at `design`, silent before.")])
def test_the_severity_says_from_which_stage(code: str, severity: str) -> None:
    assert severity in page(code)


@pytest.mark.parametrize(("word", "code"), [("M07", "M07"), ("m07", "M07"), ("cadence-slower-than-freshness", "M07"),
                                            ("Cadence-Slower-Than-Freshness", "M07")])
def test_a_code_and_a_name_mean_the_same_rule(word: str, code: str) -> None:
    assert code_of(word) == code


@pytest.mark.parametrize(("word", "hint"), [
    ("M70", "Did you mean 'M"), ("no-basline", "Did you mean 'no-baseline'?"), ("Q999", "The codes go "), ("", "The codes go ")])
def test_an_unknown_rule_is_answered_with_the_nearest(word: str, hint: str) -> None:
    with pytest.raises(DesignError, match=f"no check is called '{word}'") as caught:
        code_of(word)
    assert caught.value.hint.startswith(hint)


def test_every_family_asks_a_question() -> None:
    assert families().keys() == {code[0] for code in RULES}
    assert all(question.endswith("?") for question in families().values()), families()
