"""R: is it said what the system is for, how large it is and what it may not exceed?"""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.design.facts import KINDS, answers_online, features, of_stage
from sevenfold.design.findings import Place, Problem, check, rule
from sevenfold.design.questions import questions
from sevenfold.design.sections import Design, Solution
from sevenfold.design.vocabulary import entry

PERSONAL = {"age", "gender", "sex", "zip", "zip_code", "postcode", "address", "email", "phone", "birthday", "birth_date",
            "birth_year", "income", "religion", "ethnicity", "race", "nationality", "occupation", "first_name",
            "last_name", "ip", "location"}

rule("R01", "objective-missing", "error", "No goal is named.", Place(
    "requirements.goal", "no goal is named",
    "Name the one number that means success: goal: {metric: watch_time, from: 42min/day, to: +3%}."), since="concept")
rule("R04", "latency-missing", "error", "Answers are made online, and no p99 limits them.", Place(
    "requirements.limits.p99", "no latency is promised",
    "Add limits: {p99: 120ms}, or answer from lists: serving.batch: {store: ..., for: everything}.",
    lambda design: answers_online(design) and design.requirements.limits.p99 is None), since="concept")
rule("R05", "no-non-goals", "warning", "Nothing is out of scope.", Place(
    "requirements.out_of_scope", "nothing is out of scope",
    "Name what this system will not do: out_of_scope: [search]."))


@check("R02", "objective-unmeasurable", "warning")
def measurable(design: Design) -> Iterator[Problem]:
    """The goal lacks its start, its target or its day."""
    goal = design.requirements.goal
    lacks = [key for key in ("from", "to", "within")
             if goal and getattr(goal, key, getattr(goal, f"{key}_", None)) is None]
    if lacks:
        yield Problem("requirements.goal", f"the goal does not say {', '.join(lacks)}",
                      "Say from what, to what and within which time.")


@check("R03", "scale-missing", "error", since="concept")
def scale(design: Design) -> Iterator[Problem]:
    """The number of daily users, of requests or, where items are chosen, of items is missing."""
    given, chooses = design.requirements.scale, design.framing.task in ("recommend", "search")
    wanted = {"daily_users": "8M", "requests_per_user": "12/d", **({"items": "500k"} if chooses else {})}
    for key, example in wanted.items():
        if getattr(given, key) is None:
            yield Problem(f"requirements.scale.{key}", f"the scale does not say {key}",
                          f"Add it, even if assumed: {key}: {example}.")


@check("R07", "privacy-undeclared", "error")
def privacy(design: Design) -> Iterator[Problem]:
    """A feature reads a column that is personal by its name, and `privacy.personal` does not list it."""
    declared = design.requirements.privacy.personal if design.requirements.privacy else ()
    for path, _, part in features(design):
        for column in sorted(PERSONAL & set(map(str, part.params.values())) - set(declared)):
            yield Problem(path, f"reads the personal column '{column}', which privacy does not declare",
                          f"Write requirements.privacy: {{personal: [{', '.join([*declared, column])}], keep: 90d}}.")


@check("R06", "open-question", "warning")
def open_question(design: Design) -> Iterator[Problem]:
    """A question that every design should answer is neither answered nor set aside."""
    for one in questions(design):
        if one.example and one.answer is None and one.aside is None:
            yield Problem(one.where, f"not answered: {one.asks[0].lower()}{one.asks[1:]}",
                          f"Write {one.example}; or set it aside, {one.where.rpartition('.')[2]}: {{na: the reason}}.")


@check("R08", "no-non-ml-alternative", "warning")
def no_simple_way(design: Design) -> Iterator[Problem]:
    """No solution does without learning, and nothing says why that would not do."""
    named, said = ", ".join(design.solutions), design.requirements.without_ml
    if named and said is None and not any(map(_learns_little, design.solutions.values())):
        yield Problem("requirements.without_ml", f"{named} all learn, and nothing says what would do without",
                      "Put a rule first, such as popular or smoothed_rate; or say why none would do: without_ml: ...")


def _learns_little(solution: Solution) -> bool:
    """Rules throughout; rules that find, and at most a linear model that orders, count as well."""
    most = {"retrieve": {"heuristic"}, "rank": {"heuristic", "linear"}, "predict": {"heuristic"}}
    return all({entry(KINDS[stage], part.name).family for part in of_stage(solution, stage)} <= most[stage] for stage in most)
