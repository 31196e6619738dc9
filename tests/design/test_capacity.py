from __future__ import annotations

from typing import Any

import pytest

from sevenfold import design
from sevenfold.design.checks import capacity
from sevenfold.design.checks.examples import DESIGNS, Mutant
from sevenfold.design.findings import Finding


def changed(change: dict[str, Any], on: str = "video") -> list[Finding]:
    return [one for one in design.examine(Mutant(on, change).text().encode()) if one.severity != "info"]


@pytest.mark.parametrize(("change", "code", "where", "problem", "hint"), [
    ({"requirements": {"scale": {"users": None}}}, "C01", "requirements.scale.users",
     "the estimate needs it for lists computed ahead (S7): how many users are there in all?", "Write users"),
    ({"requirements": {"scale": {"requests": "50k/s"}}}, "C02", "requirements.scale.requests",
     "50,000/s are stated, but daily_users × requests_per_user is 1,111/s", "Correct one"),
    ({"requirements": {"limits": {"cost": "$4k/month"}}}, "C03", "requirements.limits.cost",
     "even popular, the cheapest, is estimated at $4,300/month–", "Most of it is storage, 337TB × $0.023/GB"),
    ({"requirements": {"limits": {"memory": "500MB"}}}, "C04", "solutions.trees",
     "a replica is estimated to hold 570MB–1GB (300MB + 10k × 200 × 8B", "Keep vectors shorter"),
    ({"serving": {"replicas": 2}}, "C05", "serving.replicas",
     "2 replicas can answer the average, but the peak asks for 4 with popular: ⌈3,333/s × 2.705ms", "Size for the peak"),
    ({"serving": {"replicas": 1, "retrieve": {"keep": 20_000}}}, "V06", "serving.replicas",
     "1 replica cannot answer the average: popular asks for at least 10", "Plan more replicas"),
    ({"requirements": {"scale": {"items": "1M"}}}, "C06", "solutions.trees",
     "a training is estimated at 3,500 h–", "{gpus: 8}"),
    ({"requirements": {"assume": {"row_byte": "1KB"}}}, "C08", "requirements.assume.row_byte",
     "no default of the estimate is called 'row_byte'", "Did you mean 'row_bytes'?"),
    ({"stage": "prototype", "evaluation": {"online": {"rate": "1%", "effect": "0.5%", "traffic": "10%", "days": "12h"}}}, "E11",
     "evaluation.online", "4M users take part, and at least 126.7M are needed (16 × (1 − 1%) ÷ (1% × 0.5%²) in each arm)",
     "larger"),
    ({"stage": "prototype", "evaluation": {"online": {"rate": "50%", "effect": "1%", "traffic": "10%", "days": "6h"}}}, "E11",
     "evaluation.online", "the experiment lasts 6h, and needs at least 9.6h (2 × 160,000 ÷ (8M × 10%) × 1d)", "last longer"),
])
def test_messages(change: dict[str, Any], code: str, where: str, problem: str, hint: str) -> None:
    found = [one for one in changed(change) if (one.code, one.where) == (code, where)]
    assert [one for one in found if problem in one.problem and hint in one.hint], found


@pytest.mark.parametrize("planned", range(1, 8))
def test_too_few_replicas_are_said_once(planned: int) -> None:
    crowd = {"requirements": {"scale": {"daily_users": "30M"}, "limits": {"cost": "$400k/month"}}}
    said = {one.code for one in changed({**crowd, "serving": {"replicas": planned}})}
    assert said & {"C05", "V06"} == ({"V06"} if planned < 2 else {"C05"})


def test_only_replicas_below_the_peak_are_said() -> None:
    assert changed({"serving": {"replicas": 4}}) == []


def test_an_assumption_at_fault_silences_what_follows_from_it() -> None:
    found = changed({"requirements": {"assume": {"row_byte": "1KB"}, "limits": {"cost": "$1/month"}}})
    assert {one.code for one in found} == {"C08"}


def test_what_runs_in_the_background_of_an_unread_value_is_silent() -> None:
    assert {one.code for one in changed({"solutions": {"deep": {"rank": {"cross_network": {"dimensions": "many"}}}}})} == {"Z09"}


def test_a_design_is_estimated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(capacity, "estimate", lambda one: asked.append(one) or capacity.Estimate(lines=()))
    video = design.load(DESIGNS / "video.yaml")
    design.check(video)
    design.check(video)
    assert len(asked) == 1
