from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold import design
from sevenfold.design.checks.examples import DESIGNS, Mutant, examples
from sevenfold.design.document import Unreadable, parse
from sevenfold.design.findings import MEASURED, RULES, Finding, Rule, line_of, related

SHIPPED = sorted(path for path in DESIGNS.glob("*.yaml") if "." not in path.stem)


def mutant(patch: dict[str, Any] | str, on: str = "video") -> str:
    return Mutant(on, patch).text()


def each(key: str) -> list[Any]:
    return [pytest.param(RULES[code], one, id=f"{code}-{number}") for code, example in examples().items()
            for number, one in enumerate(getattr(example, key), start=1)]


def findings_of(text: str) -> list[Finding]:
    made, _ = design.read(text)
    return [*design.examine(text.encode()), *(design.unbuilt(made) if made else ())]


def test_every_rule_has_its_examples() -> None:
    assert examples().keys() == RULES.keys()
    assert [code for code, example in examples().items() if len(example.fires) < 3] == sorted(MEASURED)


@pytest.mark.parametrize(("rule", "one"), each("fires"))
def test_fires_on_its_examples(rule: Rule, one: Mutant) -> None:
    found = [finding for finding in findings_of(one.text()) if finding.code == rule.code]
    assert found, f"{rule.code} is silent on its own example"
    for finding in found:
        assert finding.name == rule.name
        assert finding.line is not None
        assert finding.problem == finding.problem.strip().rstrip(".")
        assert "\n" not in finding.problem
        assert finding.hint


@pytest.mark.parametrize(("rule", "one"), each("near"))
def test_is_silent_on_its_near_misses(rule: Rule, one: Mutant) -> None:
    near = findings_of(one.text())
    assert not [finding for finding in near if finding.code == rule.code]
    if isinstance(one.change, Mapping) and rule.code != "Z12":
        assert not [finding for finding in near if finding.severity == "error" and finding.code != "Z12"]


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_says_what_it_is_for(rule: Rule) -> None:
    assert examples()[rule.code].rule.endswith(".")
    assert examples()[rule.code].reason.endswith(".")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_design_has_no_finding(path: Path) -> None:
    assert design.examine(path.read_bytes()) == []


def filled(base: dict[str, Any], short: dict[str, Any]) -> dict[str, Any]:
    both = {key for key, value in short.items() if isinstance(value, dict) and isinstance(base.get(key), dict)}
    return {**base, **{key: filled(base[key], value) if key in both else value for key, value in short.items()}}


def first_word(short: str) -> str:
    return short.strip("# ").split("\n")[0].split(":")[0]


@pytest.mark.parametrize("short", (Path(__file__).parent / "product_short.yaml").read_text().split("---\n"),
                         ids=first_word)
def test_a_short_example_with_boundaries_has_no_error(short: str) -> None:
    name = first_word(short)
    base = parse((DESIGNS / f"{name}.yaml").read_text())[0]
    text = yaml.safe_dump(filled(base, parse(short)[0]), sort_keys=False)
    assert [one for one in design.examine(text.encode()) if one.severity == "error"] == []


def changed(patch: str, base: str = "video") -> list[Finding]:
    return design.examine(mutant(parse(patch)[0], base).encode())


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.code, one.severity) for one in findings]


def test_stage_relaxes_severity_but_never_the_boundaries() -> None:
    broken = "requirements: {goal: null, out_of_scope: null}\ndata: {split: {by: random}}\nwhy: '.'"
    assert codes(changed(broken)) == [("R01", "error"), ("S01", "error"), ("R05", "warning")]
    assert codes(changed(f"{broken}\nstage: concept")) == [("R01", "error"), ("S01", "warning"), ("R05", "info")]


def test_a_waiver_holds_for_its_code_and_place_until_its_day() -> None:
    broken = "requirements: {out_of_scope: null}\nwaivers: [{code: R05, reason: later, owner: team, until: %s%s}]"
    assert changed(broken % ("9999-01-01", "")) == []
    assert changed(broken % ("9999-01-01", ", where: requirements")) == []
    assert codes(changed(broken % ("9999-01-01", ", where: data"))) == [("R05", "warning")]
    assert codes(changed(broken % ("2020-01-01", ""))) == [("R05", "warning"), ("Z06", "warning")]


def test_a_waiver_of_an_unknown_code_is_an_error() -> None:
    (finding,) = changed("waivers: [{code: R99, reason: later, owner: team, until: 9999-01-01}]")
    assert (finding.code, finding.where, finding.problem) == ("Z11", "waivers[0].code", "no check has the code 'R99'")


def test_what_is_set_aside_is_not_asked_for() -> None:
    assert changed("requirements: {out_of_scope: {na: everything is in scope}}") == []
    assert changed("requirements: {limits: {na: a batch job of our own}}") == []


def test_a_check_that_touches_an_unread_value_is_silent() -> None:
    assert codes(changed("framing: {task: recomend}")) == [("Z09", "error")]
    assert codes(changed("requirements: {limits: {p99: 120m}}")) == [("Z07", "error")]
    assert codes(changed("evaluation: null")) == [("Z10", "error")]
    assert codes(changed("framing: null")) == [("Z10", "error")]


def test_reading_and_checks_speak_together() -> None:
    found = codes(changed("framing: null\nsolutions: {deep: null}\nrequirements: {limits: {p99: 120m}}"))
    assert found == [("Z07", "error"), ("Z10", "error"), ("M02", "error")] or sorted(found) == [("M02", "error"),
                                                                                                ("Z07", "error"),
                                                                                                ("Z10", "error")]


def test_time_checks_do_not_apply_without_a_clock() -> None:
    assert changed("data: {split: {by: random, group: null, embargo: null}, events: {text: null}}", "spam") == []


@pytest.mark.parametrize(("base", "patch", "where", "problem", "hint"), [
    ("video", "requirements: {goal: {within: null, to: null}}", "requirements.goal",
     "the goal does not say to, within", "Say from what"),
    ("video", "data: {features: {user: {job: {attribute: occupation}}}}", "data.features.user.job",
     "reads the personal column 'occupation', which privacy does not declare", "personal: [age, occupation]"),
    ("video", "framing: {answer: {items: null}}", "framing.answer", "the answer does not say what goes out", "items"),
    ("ads", "framing: {answer: {decision: click}}", "framing.answer",
     "several answers at once: probability, decision", "Keep one."),
    ("video", "evaluation: {metric: ndgc}", "evaluation.metric", "no metric is called 'ndgc'", "Did you mean 'ndcg'?"),
    ("video", "evaluation: {metric: rmse}", "evaluation.metric", "'rmse' judges regress, not recommend", "ndcg"),
    ("video", "framing: {costs: {false_positive: 1, false_negative: 2}}", "framing.costs", "does not read 'costs'",
     "classify"),
    ("video", "serving: {predict: {within: 10ms}}", "serving.predict.within", "does not read 'within'",
     "classify, regress"),
    ("video", "serving: {rank: {else: retrieval}}", "serving.rank.else", "nothing called 'retrieval' can step in",
     "retrieval_order"),
    ("video", "framing: {label: {own: true}}", "framing.label.within", "a label of the row's own event looks ahead",
     "not both"),
    ("spam", "data: {split: {embargo: 1d}}", "data.split.embargo", "an embargo of time in a split by group",
     "by: time"),
    ("video", "data: {split: {group: user}}", "data.split.group", "a group is named, but the split is by time",
     "by: group"),
    ("video", "data: {split: {validate: 60%, test: 40%}}", "data.split", "validation and test take 100%", "a tenth"),
    ("spam", "data: {split: {group: null}}", "data.split.group", "does not say which group", "group: user_id"),
    ("video", "evaluation: {online: {metric: clicks}}", "evaluation.online.metric",
     "the goal is 'watch_time', and online nobody watches it", "guards"),
    ("ads", "solutions: {deep: {predict: null, rank: boosted}}", "solutions.deep", "has nothing to rank", "predict"),
    ("ads", "solutions: {deep: {predict: null, train: batch}}", "solutions.deep", "nothing predicts", "logistic"),
    ("spam", "framing: {label: {positives: 95%}, costs: null}\nevaluation: {metric: accuracy, at: null}", "evaluation.metric",
     "accuracy decides, though 95% are positive", "pr_auc"),
    ("video", "evaluation: {metric: ndcg@20}", "evaluation.metric",
     "'ndcg@20' brings a k of its own, and framing.answer.items: 10 says it", "Write metric: ndcg."),
    ("search", "evaluation: {metric: mrr}", "evaluation.metric",
     "'mrr' counts every relevant answer alike, and there are grades in 'grade'", "ndcg"),
    ("friends", "evaluation: {online: {by: session}}", "evaluation.online.by", "arms are drawn by session", "by: cluster"),
    ("video", "evaluation: {trade_offs: {cost_quality: null, latency_accuracy: null}}", "evaluation.trade_offs",
     "not decided: latency_accuracy, cost_quality", "{latency_accuracy: latency}"),
    ("ads", "evaluation: {trade_offs: {batch_streaming: batch}}", "evaluation.trade_offs.batch_streaming",
     "'batch' is chosen, yet 'logistic' trains online", "the other"),
    ("spam", "evaluation: {trade_offs: {precision_recall: recall}}", "evaluation.trade_offs.precision_recall",
     "'recall' is chosen, yet a false positive costs 20 and a false negative 1", "the other"),
    ("video", "requirements: {action: null}", "requirements.action", "not answered: who acts on the answer", "action: watch"),
    ("spam", "requirements: {without_ml: null}", "requirements.without_ml", "bayes, logistic, network all learn", "a rule first"),
    ("video", "stage: pilot", "data.events.history", "does not say how far back", "history: 90d"),
    ("video", "data: {storage: {features: lake}}", "data.storage.features",
     "features are read record by record while somebody waits, and 'lake' is for years", "{features: key_value}"),
    ("video", "data: {users: null}", "data.features.user.age", "'attribute' reads data.users, and there is none",
     "users: {path: users.parquet, key: user_id}"),
    ("video", "data: {events: {item: null}}", "data.features.pair.taste", "'affinity' reads data.events.item, and there is none",
     "events: {item: item_id}"),
    ("search", "data: {features: {query: {length: {count: events}}}}", "data.features.query.length", "reads data.events.time",
     "time: timestamp"),
    ("video", "data: {features: {itme: {year: null}}}", "data.features.itme", "no rows are of the kind 'itme'", "'item'"),
    ("video", "data: {features: {context: {busy: {sum: spent}}}}", "data.features.context.busy",
     "'sum' reads earlier events, and a context has none", "user, item, pair"),
    ("ads", "solutions: {logistic: {predict: {logistic: {crosses: [[user, campaign]]}}}}", "solutions.logistic.predict",
     "crosses 'campaign', and no feature is called so", "advertiser"),
    ("video", "data: {events: {history: 30d}}", "data.events.history",
     "training gets 80% of 30d, and needs more than 90d (the window of 'taste') + 1d (the embargo)", "more than 114d"),
    ("friends", "data: {events: {history: 150d}}", "data.events.history",
     "the test gets 15% of 150d, and needs more than 30d (until a label is known)", "more than 200d"),
    ("video", "data: {events: {delay: 1h}}", "data.events.delay", "events arrive 1h late, and must show within 1min", "user: 1h"),
    ("video", "data: {events: {live: null}}", "data.events.live", "the log comes as a file", "live: http"),
    ("ads", "framing: {label: {biases: null}}", "framing.label.biases", "'clicked' is known only of what was shown or chosen",
     "position"),
    ("spam", "framing: {label: {own: null}}", "framing.label", "nothing says when 'label == 'spam'' is known", "own: true"),
    ("ads", "framing: {label: {delay: 2d}}", "requirements.freshness.model",
     "'logistic' must learn within 1d, and a label is known after 2.02d", "sooner"),
    ("video", "framing: {label: {negatives: null}}", "framing.label.negatives", "counts as a no to 'watched >= 0.7'", "unseen"),
    ("ads", "framing: {label: {recalibrate: null}}", "framing.label.recalibrate",
     "10% of the negatives are kept, so the odds come out 10 times too high", "recalibrate: true"),
    ("spam", "framing: {label: {weak: label == 'junk'}}", "framing.label.weak", "'label' is learnt from and judged by",
     "by itself"),
    ("spam", "framing: {label: {positives: 0.1%}}\nevaluation: {metric: roc_auc, at: null}", "framing.label.positives",
     "0.1% are positive, and 'roc_auc' hardly shows how they fare", "pr_auc"),
    ("spam", "data: {events: {outcomes: [replies]}, features: {text: {back: {words: replies}}}}", "data.features.text.back",
     "reads 'replies', which is written after the answer", "Take it away"),
    ("ads", "stage: pilot", "data.events", "an event is taken for known at its own 'shown_at'", "delay: 5min"),
    ("video", "data: {features: {context: {done: {attribute: watched}}}}", "data.features.context.done",
     "reads 'watched' of the row itself, and the label is made of it", "{mean: label, over: 30d}"),
    ("spam", "solutions: {network: {predict: logistic}}", "solutions", "are all of one family, linear", "differ in kind"),
    ("video", "stage: prototype\nsolutions: {deep: {why: null}}", "solutions.deep.why", "what speaks for 'deep'", "why:"),
    ("video", "serving: {rank: {within: 90ms}}", "serving",
     "'trees' may take retrieve 40ms + rank 90ms + rerank 10ms = 140ms, and 120ms is promised", "in 99.67% of answers"),
    ("video", "framing: {answer: {items: 200}}", "serving.rank.keep", "'rank' keeps 100, and 200 are shown", "keep: 1000"),
    ("video", "serving: {retrieve: {keep: 50}}", "serving.rank.keep", "'rank' is to keep 100 of the 50", "narrows"),
    ("friends", "data: {features: {context: {hour: {hour: timestamp}}}}", "serving.batch.for",
     "lists are made ahead, and 'hour' is known only with the request", "for: fallback"),
    ("friends", "requirements: {freshness: {user: 12h}}", "serving.batch.every",
     "lists are made every 1d, and what a user does must show within 12h", "every 12h"),
    ("search", "serving: {batch: {store: redis://cache, for: everything}}", "serving.batch.for", "the queries of tomorrow",
     "fallback"),
    ("ads", "serving: {predict: null}", "serving.predict", "'predict' has no deadline and no fallback", "within: 40ms"),
    ("friends", "requirements: {scale: {daily_users: 1M}}", "serving.batch.for", "1,000,000 of them come on a day", "fallback"),
    ("video", "solutions: {trees: {retrieve: [als, ease]}}", "solutions.trees.retrieve",
     "als, ease know a new item only from a training, every 1d, and it must be found within 10min", "popular"),
    ("search", "stage: pilot", "solutions", "no solution re-ranks", "rerank: diversity"),
    ("ads", "serving: {log: 0%}", "serving.log", "no answer is logged, and 'clicked' is known only of", "log: 10%"),
    ("spam", "stage: pilot\nmonitoring: {release: {via: [full]}}", "monitoring.release", "to everybody at once", "canary"),
    ("video", "monitoring: {drift: null}", "monitoring.drift", "nobody notices when the world moves", "top_features"),
    ("spam", "monitoring: {watch: [appeals]}", "monitoring.watch", "'recall' decided which solution ships, and only appeals",
     "watch: [recall, appeals]"),
    ("spam", "stage: production", "owner", "nobody is named who answers an alarm", "owner: Ada"),
    ("ads", "monitoring: {drift: {test: chi2}}", "monitoring.drift.test", "the p-value of 'chi2' calls any change", "psi"),
    ("spam", "requirements: {freshness: {model: null}}", "monitoring.drift.then", "no cadence and no drift", "model: 24h"),
    ("friends", "framing: {label: {within: 90d}}\nevaluation: {online: {guards: null}}", "monitoring.watch",
     "a label takes 90d, and nothing that shows sooner", "guards"),
    ("friends", "stage: pilot", "solutions", "nothing else is ever tried", "explore"),
    ("spam", "solutions: {network: {predict: boosted}}", "", "", ""),
])
def test_messages(base: str, patch: str, where: str, problem: str, hint: str) -> None:
    found = changed(patch, base)
    if not where:
        assert found == []
        return
    assert [one for one in found if one.where == where and problem in one.problem and hint in one.hint], found


def test_lines_and_paths() -> None:
    lines = {"a": 1, "a.b": 2, "a.b[0]": 3}
    assert line_of("a.b[0].c", lines) == 3
    assert line_of("a.x.y", lines) == 1
    assert line_of("z", lines) is None
    assert line_of("z", {"": 1}) == 1
    assert related("a.b", "a.b.c")
    assert related("a.b[0]", "a.b")
    assert not related("a.b", "a.bc")


def test_unbuilt_names_parts_parameters_and_losses() -> None:
    harmful = design.load(DESIGNS / "harmful.yaml")
    problems = [one.problem for one in design.unbuilt(harmful)]
    assert "the feature 'image' is in the language, but no part of this installation builds it yet" in problems
    assert design.unbuilt(design.load(DESIGNS / "video.yaml")) == []


def test_an_unreadable_document_still_parses_lines() -> None:
    with pytest.raises(Unreadable):
        parse("[")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))


@pytest.mark.parametrize("wrong", ["?!\n" + "x" * 999, 3, [], {}, {"na": "why not"}, None, [{"a": {"b": None}}]],
                         ids=str)
@pytest.mark.parametrize("case", ["video", "spam"])
def test_a_wrong_value_anywhere_ends_in_findings(case: str, wrong: Any) -> None:
    base = parse((DESIGNS / f"{case}.yaml").read_text())[0]
    for path in list(places(base))[1:]:
        spoilt = copy.deepcopy(base)
        inner = spoilt
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = wrong
        for finding in design.examine(yaml.safe_dump(spoilt).encode()):
            assert finding.hint
            assert "\n" not in finding.problem


def test_a_waiver_that_cannot_be_read_hides_nothing_else():
    for body in ("{code: R05, reason: ok}", "{code: R05}", "{code: R05, reason: ok, owner: me, until: someday}"):
        found = design.examine(f"name: x\nwaivers: [{body}]\nframng: 1\n".encode())
        assert {one.code for one in found} >= {"Z01"}
        assert any(one.where.startswith("waivers") for one in found)


@pytest.mark.parametrize("line", ["answer: {items: -3, at: page_open}", "answer: {items: 0, at: page_open}"])
def test_a_number_of_things_is_at_least_one(line: str):
    text = (DESIGNS / "video.yaml").read_text().replace("answer: {items: 10, at: page_open}", line)
    found = design.examine(text.encode())
    assert [(one.code, one.where) for one in found] == [("Z09", "framing.answer.items")]
    assert "expected a whole number from 1 on, got" in found[0].problem


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 200), st.integers(1, 500))
def test_deadlines_may_not_add_up_to_more_than_the_promise(retrieve: int, rank: int, rerank: int, p99: int) -> None:
    within = {"retrieve": retrieve, "rank": rank, "rerank": rerank}
    found = findings_of(mutant({"requirements": {"limits": {"p99": f"{p99}ms"}},
                                "serving": {stage: {"within": f"{one}ms"} for stage, one in within.items()}}))
    assert ("V01" in {one.code for one in found}) == (sum(within.values()) > p99)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 30))
def test_more_history_never_makes_a_log_too_short(days: int, window: int, more: int) -> None:
    def too_short(history: int) -> int:
        text = mutant({"data": {"events": {"history": f"{history}d"}, "features": {"user": {"active": {"over": f"{window}d"}}}}})
        return sum(one.code == "D04" for one in findings_of(text))

    assert too_short(days + more) <= too_short(days)
    assert bool(too_short(days)) == (0.8 * days <= max(90, window) + 1 or 0.1 * days <= 1)
