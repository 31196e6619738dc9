from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import sevenfold
from sevenfold import design
from sevenfold.design.document import parse
from sevenfold.design.part import Part
from sevenfold.design.sections import Goal, Solution
from sevenfold.errors import DesignError

HERE = Path(__file__).parent
DESIGNS = Path(sevenfold.__file__).parent / "designs"
VIDEO = HERE / "product_video.yaml"
SHIPPED = sorted(path for path in DESIGNS.glob("*.yaml") if "." not in path.stem)
WHOLE = [*SHIPPED, VIDEO]


def minimal(**more: Any) -> dict[str, Any]:
    return {"name": "tiny", "framing": {"task": "recommend", "answer": {"items": 10}, "label": {"is": "clicked"}},
            "data": {"events": {"path": "e.csv"}}, "evaluation": {"metric": "ndcg"}, **more}


def problems(**more: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(DesignError) as caught:
        design.from_mapping(minimal(**more))
    return [(one.code, one.where, one.problem) for one in caught.value.findings]  # type: ignore[attr-defined]


def test_the_example_of_the_product_reads_and_checks_clean() -> None:
    made = design.load(VIDEO)
    assert [one for one in design.check(made) if one.severity == "error"] == []
    assert made.requirements.scale.items == 500_000
    assert made.requirements.limits.p99 == 0.12
    assert made.requirements.goal == Goal(metric="watch_time", from_="42min/day", to="+3%", within=90 * 86400.0)
    assert made.data.features["user"]["age"].params["attribute"] == "age"
    assert made.data.features["user"]["seen"] == Part("last", {"last": "item", "n": 50})
    assert made.data.features["item"]["liked"] == Part("mean", {"mean": "label", "over": 30 * 86400.0, "half_life": None,
                                                                    "prior": 20.0})
    assert made.framing.label.negatives == Part("unseen", {})
    assert made.solutions["trees"].rank is not None
    assert made.solutions["trees"].rank.params["loss"] == "lambdarank"
    assert [part.name for part in made.solutions["trees"].retrieve] == ["popular", "neighbours", "als"]
    assert made.serving.rerank.else_ == "skip"
    assert made.lines["solutions.trees.retrieve"] == 40


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_python_and_yaml_give_the_same_object(path: Path) -> None:
    mapping = parse(path.read_text())[0]
    assert sevenfold.Design(**mapping) == design.load(path) == design.from_mapping(mapping)


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_what_is_shown_is_the_same_design(path: Path) -> None:
    made = design.load(path)
    again, findings = design.read(design.show(made))
    assert findings == []
    assert again == made
    assert design.hash_of(again) == design.hash_of(made)
    assert design.show(again) == design.show(made)


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_the_schema_accepts_designs_as_written_and_as_shown(path: Path) -> None:
    validator = jsonschema.Draft202012Validator(design.schema())
    validator.check_schema(design.schema())
    validator.validate(parse(path.read_text())[0])
    validator.validate(parse(design.show(design.load(path)))[0])


@pytest.mark.parametrize("patch", [
    {"framing": 3}, {"solutions": {"a": {"retrieve": "alls"}}},
                                   {"solutions": {"a": {"retrieve": {"als": {"dims": 3}}}}},
    {"requirements": {"limits": {"p99": "120m"}}}, {"requirements": {"scale": {"items": "5B"}}}, {"stage": "idea"},
                                   {"wy": "x"},
    {"requirements": {"limits": {"cost": "$5k"}}}, {"requirements": {"goal": {"na": ""}}}, {"name": "a b"}])
def test_the_schema_refuses_what_reading_refuses(patch: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(design.schema())
    validator.validate(minimal())
    assert not validator.is_valid(minimal(**patch))
    assert problems(**patch)


def test_the_schema_describes_sections_and_units() -> None:
    made = design.schema()
    assert made["$defs"]["Requirements"]["description"] == "Step 1: clarify."
    assert all(one.get("description") for one in made["$defs"].values())
    assert "like 120ms" in str(made["$defs"]["Limits"]["properties"]["p99"])


def test_all_problems_at_once() -> None:
    found = problems(wy="x", stage="idea", requirements={"limits": {"p99": "120m", "p95": 1}, "goal": {"from": 1}},
                     solutions={"a": {"retrieve": ["als", "alls"]}, "b c": {}}, waivers=[{"code": "R01"}])
    assert sorted(found) == sorted([
        ("Z01", "wy", "nothing reads the key 'wy'"),
        ("Z09", "stage", "expected one of concept, design, prototype, pilot, production, got 'idea'"),
        ("Z07", "requirements.limits.p99", "'120m' is ambiguous: minutes, milliseconds or millions?"),
        ("Z01", "requirements.limits.p95", "nothing reads the key 'p95'"),
        ("Z10", "requirements.goal.metric", "the key 'metric' is missing"),
        ("Z11", "solutions.a.retrieve", "no retriever is called 'alls'"),
        ("Z09", "solutions.b c", "'b c' cannot be a name"),
        ("Z10", "waivers[0].reason", "the key 'reason' is missing"),
        ("Z10", "waivers[0].owner", "the key 'owner' is missing"),
        ("Z10", "waivers[0].until", "the key 'until' is missing")])


@pytest.mark.parametrize(("more", "code", "where", "problem"), [
    ({"why": ["a"]}, "Z09", "why", "expected a text, got a list"),
    ({"why": True}, "Z09", "why", "expected a text, got 'true'"),
    ({"requirements": "fast"}, "Z09", "requirements", "expected a mapping, got 'fast'"),
    ({"requirements": {"scale": {"peak": "high"}}}, "Z09", "requirements.scale.peak", "expected a number, got 'high'"),
    ({"requirements": {"scale": {"peak": float("nan")}}}, "Z09", "requirements.scale.peak",
     "expected a number, got 'nan'"),
    ({"evaluation": {"metric": "ndcg", "least_effect": 10**400}}, "Z09", "evaluation.least_effect",
     f"expected a number, got '1{'0' * 56}...'"),
    ({"serving": {"rank": {"keep": 2.5}}}, "Z09", "serving.rank.keep", "expected a whole number, got '2.5'"),
    ({"requirements": {"limits": {"p99": {"value": 1}}}}, "Z07", "requirements.limits.p99",
     "expected a duration, got a mapping"),
    ({"evaluation": {"metric": "ndcg", "calibration": {"slope": "1"}}}, "Z09", "evaluation.calibration.slope",
     "'1' is no range"),
    ({"solutions": [1]}, "Z09", "solutions", "expected a mapping of names, got a list"),
    ({"solutions": {"../x": {}}}, "Z09", "solutions.../x", "'../x' cannot be a name"),
    ({"solutions": {"a": {"retrieve": 3}}}, "Z09", "solutions.a.retrieve",
     "expected the name of one retriever, got '3'"),
    ({"solutions": {"a": {"rank": {"boosted": {}, "logistic": {}}}}}, "Z09", "solutions.a.rank",
     "expected the name of one learner, got several keys (boosted, logistic)"),
    ({"solutions": {"a": {"retrieve": {"als": 64}}}}, "Z09", "solutions.a.retrieve.als",
     "expected the parameters of 'als', got '64'"),
    ({"solutions": {"a": {"retrieve": {"als": {"dimension": 64}}}}}, "Z01", "solutions.a.retrieve.als.dimension",
     "nothing reads the key 'dimension'"),
    ({"solutions": {"a": {"retrieve": {"als": {"dimensions": "many"}}}}}, "Z09", "solutions.a.retrieve.als.dimensions",
     "expected a whole number, got 'many'"),
    ({"requirements": {"goal": {"na": ""}}}, "Z02", "requirements.goal", "set aside without a reason"),
    ({"requirements": {"goal": {"na": "x", "y": None}}}, "Z02", "requirements.goal",
     "set aside, yet more is given beside 'na'"),
    ({"framing": {"na": "none"}}, "Z10", "framing", "the key 'framing' cannot be set aside"),
    ({"waivers": {"code": "R01", "reason": "r", "owner": "o", "until": "soon"}}, "Z09", "waivers.until",
     "'soon' is no date"),
    ({"name": "my design"}, "Z09", "name", "'my design' cannot be a name")])
def test_one_problem(more: dict[str, Any], code: str, where: str, problem: str) -> None:
    assert (code, where, problem) in problems(**more)


def featured(**features: Any) -> Any:
    return {"events": {"path": "e.csv"}, "features": {"user": features}}


@pytest.mark.parametrize(("feature", "code", "problem"), [
    ({"cont": "events"}, "Z11", "no kind of feature among the keys cont"),
    ("age", "Z09", "expected what to compute, got 'age'"),
    ({}, "Z09", "expected what to compute, got a mapping"),
    ({"count": "events", "mean": "label"}, "Z09", "count and mean each name what to compute"),
    ({"count": "events", "ovr": "7d"}, "Z01", "nothing reads the key 'ovr'"),
    ({"count": "events", "over": "7"}, "Z07", "'7' has no unit, but a duration needs one"),
    ({"embed": None}, "Z10", "the feature 'embed' needs 'embed'")])
def test_features_that_cannot_be_read(feature: Any, code: str, problem: str) -> None:
    ((found, _, text),) = problems(data=featured(it=feature))
    assert (found, text) == (code, problem)


def test_short_forms() -> None:
    made = design.from_mapping(minimal(
        data=featured(age=None, common={"common_neighbours": None}, words={"words": "message", "n": "1..2"}),
        framing={"task": "classify", "answer": {"probability": "click"},
                 "label": {"is": "clicked", "negatives": {"shown": "keep 10%"}}},
        solutions={"a": {"predict": {"boosted": None}}}))
    assert made.framing.label.negatives == Part("shown", {"keep": 0.1})
    features = made.data.features["user"]
    assert features["age"].name == "attribute"
    assert features["common"].name == "common_neighbours"
    assert design.show(made).count("n: 1..2") == 1
    assert made.solutions["a"].predict is not None
    assert made.solutions["a"].predict.params["loss"] == "logistic"  # lambdarank cannot classify


def test_set_aside_is_kept_by_path_and_shown() -> None:
    made = design.from_mapping(minimal(requirements={"goal": {"na": "an exercise"}},
                                       data=featured(age={"na": "not asked for"})))
    assert made.na == {"requirements.goal": "an exercise", "data.features.user.age": "not asked for"}
    assert made.requirements.goal is None
    assert dict(made.data.features["user"]) == {}
    assert design.read(design.show(made))[0] == made


def test_python_refuses_with_all_findings() -> None:
    with pytest.raises(DesignError, match=r"and 1 more") as caught:
        sevenfold.Design(**minimal(stage="idea", name="a b"))
    assert len(caught.value.findings) == 2


def test_a_design_can_be_changed_in_python() -> None:
    made = design.load(VIDEO)
    more = dataclasses.replace(made, solutions={**made.solutions, "extra": Solution(retrieve=(Part("als"),))})
    assert more.solutions["extra"].retrieve == (Part("als"),)
    assert design.hash_of(more) != design.hash_of(made)
    assert design.hash_of(more.data) == design.hash_of(made.data)


def test_the_hash_ignores_layout_and_spelled_out_defaults() -> None:
    text = VIDEO.read_text()
    spelled = text.replace("p99: 120ms", "p99: 0.12s").replace("least_effect: 0.005", "least_effect: 5e-3\n  seeds: 3")
    one, two = (design.read(each)[0] for each in (text, "# head\n\n" + spelled))
    assert design.hash_of(one) == design.hash_of(two)
    assert len(design.hash_of(one)) == 64
    assert design.hash_of(design.read(text.replace("120ms", "121ms"))[0]) != design.hash_of(one)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "near.yaml").write_text("name: x\nwy: 3\n")
    with pytest.raises(DesignError, match=r"no such file\n.*near.yaml"):
        design.load(tmp_path / "neer.yaml")
    with pytest.raises(DesignError, match="this is a folder, not a design"):
        design.load(tmp_path)
    with pytest.raises(DesignError, match=r"near.yaml:1  framing: .*is missing.* \(and 3 more\)"):
        design.load(tmp_path / "near.yaml")


def test_read_never_raises() -> None:
    assert design.read("name: [")[0] is None
    assert design.read("name: \ud800")[0] is None


def test_texts_that_look_like_something_else_survive_being_shown() -> None:
    for text in ("yes", "null", "1e5", "0.5", "true", "~", "007", "a: b", "- x", "# no", "é", "line\nbreak", "12"):
        made = design.from_mapping(minimal(why=text))
        assert design.read(design.show(made))[0] == made, text


def test_checking_imports_nothing_heavy() -> None:
    code = ("import sys; from sevenfold.cli import main; main(['check', sys.argv[1]]); "
            "print([name for name in ('numpy', 'pyarrow', 'torch', 'rich') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code, str(VIDEO)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_fixture_is_plain_yaml_too() -> None:
    assert yaml.safe_load(VIDEO.read_text())["name"] == "video"
