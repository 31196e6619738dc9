"""What an editor is told: every key and every part has its words, and whatever reads is valid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import jsonschema
import pytest

from sevenfold import design, units
from sevenfold.cli import new
from sevenfold.design import sections, vocabulary
from sevenfold.design.described import comments, key_texts, parameter_text, part_text, spell_type, spell_value
from sevenfold.design.document import parse

SCHEMA = design.schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def properties(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and schema of every key that the schema names anywhere."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "properties" and path != "$defs.na":
                yield from ((f"{path}.{name}", one) for name, one in value.items())
            yield from properties(value, f"{path}.{key}".strip("."))
    elif isinstance(node, list):
        for one in node:
            yield from properties(one, path)


def test_every_key_and_every_part_is_described() -> None:
    found = list(properties(SCHEMA))
    assert len(found) > 200
    assert [path for path, one in found if not one.get("description")] == []


@pytest.mark.parametrize("case", new.cases())
def test_every_shipped_design_on_all_its_data_is_valid(case: str) -> None:
    for data in new.variants(case):
        VALIDATOR.validate(parse(new.text(case, data))[0])


def test_the_words_hold_the_comment_the_unit_and_the_default() -> None:
    split, limits, online = SCHEMA["$defs"]["Split"], SCHEMA["$defs"]["Limits"], SCHEMA["$defs"]["Online"]
    assert limits["properties"]["p99"]["description"].endswith("duration, like 120ms")
    assert split["properties"]["by"]["description"].endswith("one of time, group, random; default time")
    assert split["properties"]["ranker"]["description"] == \
        "of the training events: the last ones, kept from the retrievers; share, like 5%; default 20%"
    assert online["properties"]["metric"]["description"].endswith("text; must be given")
    assert SCHEMA["properties"]["serving"]["description"] == "Step 6: serve"


def test_names_of_parts_are_offered_with_what_they_do() -> None:
    retriever = SCHEMA["$defs"]["Solution"]["properties"]["retrieve"]["anyOf"][0]["anyOf"][0]["items"]["anyOf"]
    assert retriever[0]["enum"] == vocabulary.names("retriever")
    assert retriever[1]["properties"]["als"]["description"].startswith("Factors of items")
    dimensions = retriever[1]["properties"]["als"]["anyOf"][0]["properties"]["dimensions"]
    assert dimensions["description"] == "whole number; default 64"


@pytest.mark.parametrize(("hint", "text"), [
    (units.Duration, "duration"), (units.Range, "range"), (tuple[str, ...], "list of text"), (str | None, "text"),
    (units.Share | Literal["given"], "share or `given`"), (Literal["a", "b"], "`a` · `b`"), (sections.Retriever, "retriever"),
    (sections.Date, "date"), (sections.Goal, "goal")])
def test_a_type_has_a_name(hint: Any, text: str) -> None:
    assert spell_type(hint) == text


@pytest.mark.parametrize(("hint", "value", "text"), [
    (units.Duration, 86400.0, "1d"), (units.Share | None, 0.1, "10%"), (bool, True, "true"), (int, 1, "1"), (float, 3.0, "3"),
    (tuple[str, ...], ("a", "b"), "a, b"), (tuple[str, ...], (), "none"), (str | None, None, "none")])
def test_a_default_is_spelled_as_a_document_would(hint: Any, value: Any, text: str) -> None:
    assert spell_value(hint, value) == text


def test_comments_and_docstrings_are_the_source() -> None:
    assert comments(sections.Scale)["peak"] == "busiest moment over the average"
    assert key_texts(sections.Framing)["answer"].startswith("What goes out")
    assert parameter_text(float, 2.0) == "number; default 2"
    assert part_text("feature", "image") == "in the language; not built yet"
    assert part_text("negatives", "shown") == "one way to take negatives"


def test_a_part_from_outside_is_described_too() -> None:
    registry = vocabulary.REGISTRIES["retriever"]
    registry.add("stranger", type("Stranger", (), {}))
    try:
        part_text.cache_clear()
        assert part_text("retriever", "stranger") == "a retriever of another package"
    finally:
        registry.remove("stranger")
        part_text.cache_clear()
