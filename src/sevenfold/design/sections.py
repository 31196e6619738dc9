"""The document as frozen records: seven sections, every default in its place.

A key with a Python word's name ends in an underscore here (`from_`, `is_`, `for_`, `else_`, `if_`). `None` means
missing; what was set aside with `{na: reason}` is None too and stands in `Design.na` by its path. The type of a field
is its whole schema: units, names of parts and forms of text are marks on the type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, replace
from typing import Any, ClassVar, Literal, dataclass_transform

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.convert import UNREAD, Reading, written
from sevenfold.design.findings import DAY, Stage, located, refused
from sevenfold.design.part import Address, Condition, Date, Feature, Learner, Name, Negatives, Reranker, Retriever
from sevenfold.design.part import Part as Part
from sevenfold.units import Bytes, Count, Duration, Money, Range, Rate, Share

Task = Literal["recommend", "search", "classify", "regress", "link"]
Slice = Literal["new_users", "new_items", "heavy_users"]
Bias = Literal["position", "exposure", "popularity", "survivorship", "annotator", "seasonality"]
Unit = Literal["user", "session", "request", "cluster", "region"]
Store = Literal["object", "lake", "warehouse", "column", "relational", "document", "key_value", "graph", "search_index",
                "vector_index", "stream", "memory"]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Section:
    """A record of the document: a frozen dataclass made from keywords."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, kw_only=True)(cls)


class Goal(Section):
    """The one number that defines success, from what to what, by when."""

    metric: str  # the number that means success
    from_: str | None = None  # where it stands today, as text
    to: str | None = None  # where it should be: `+3%`, `1%`
    within: Duration | None = None  # until when


class Scale(Section):
    """How many users, items and questions the system is for."""

    users: Count | None = None  # everybody who may come
    daily_users: Count | None = None  # who come on a day
    requests_per_user: Rate | None = None  # of one that comes
    items: Count | None = None  # what can be chosen from
    requests: Rate | None = None  # of all users together, where it was counted
    peak: float = 3.0  # busiest moment over the average


class Limits(Section):
    """What may not be exceeded, whatever the quality."""

    p99: Duration | None = None  # within which 99 of 100 answers are given
    cost: Money | None = None  # of serving and training together
    memory: Bytes | None = None  # of one serving process
    min_coverage: Share | None = None  # of the items, how many are ever shown


class Freshness(Section):
    """How soon a user's action, a new item, a new trend must show."""

    user: Duration | None = None  # from an action to answers that know of it
    item: Duration | None = None  # from a new item to its first showing
    model: Duration | None = None  # from an event to a model that has learnt from it


class Privacy(Section):
    """Which columns are personal, and how long they are kept."""

    personal: tuple[str, ...] = ()  # columns
    keep: Duration | None = None  # how long they are stored


class Requirements(Section):
    """Step 1: clarify."""

    goal: Goal | None = None
    action: str | None = None  # what a user does with the answer
    without_ml: str | None = None  # what would do without learning, and why that is not enough
    out_of_scope: tuple[str, ...] = ()  # what this system will not do
    scale: Scale = Scale()
    limits: Limits = Limits()
    freshness: Freshness = Freshness()
    privacy: Privacy | None = None
    assume: Mapping[str, str] = field(default_factory=dict)  # an estimate's default → what to take instead


class Answer(Section):
    """What goes out: one of items, users, probability, number, decision; and when, and for whom."""

    items: int | None = None  # how many items
    users: int | None = None  # how many users
    probability: str | None = None  # of what
    number: str | None = None  # of what
    decision: str | None = None  # about what
    range: Range | None = None
    at: str | None = None  # the event at which the features freeze
    for_: tuple[str, ...] = ()  # for whom: [user, ad]
    again: bool = False  # may hold what its reader acted on before, as one buys again


class Label(Section):
    """What is learnt: `own` (of the row's own event) or later, in (t, t + within]."""

    is_: Condition  # a condition over an event's columns: rating >= 4, or `Amount (€)` > 20
    also: Mapping[str, float] = field(default_factory=dict)  # further actions (columns) → their weight beside 1 for `is`
    weak: Condition | None = None  # what is learnt from, where `is` is known by hand and kept for judging
    own: bool = False  # of the row's own event; else it looks ahead
    within: Duration | None = None  # how far it looks ahead
    delay: Duration = 0.0  # from the window's end until it is known
    negatives: Negatives | None = None  # unseen | shown: keep 10% | friends_of_friends: 20
    recalibrate: bool = False  # put probabilities right after sampling
    positives: Share | None = None  # how many of the examples are positive
    biases: tuple[Bias, ...] = ()  # what shaped the labels besides the truth


class Costs(Section):
    """What a wrong decision costs, in any one currency."""

    false_positive: float  # of acting where one should not
    false_negative: float  # of not acting where one should


class Framing(Section):
    """Step 2: frame."""

    task: Task
    answer: Answer
    label: Label
    proxy_gap: str | None = None  # when the label rises and the goal does not
    costs: Costs | None = None


class Events(Section):
    """The log: where it lies and which columns say when, who, what."""

    path: str  # a file, or a data set: `ml-1m:ratings`
    live: str | None = None  # how new events come: http
    time: str | None = None  # a column, or `none` where the data have no clock
    user: str | None = None  # column
    item: str | None = None  # column
    query: str | None = None  # column
    text: str | None = None  # column
    session: str | None = None  # column
    request: str | None = None  # groups what was shown together; its presence says that impressions are logged
    available: str | None = None  # column with the moment of arrival
    delay: Duration = 0.0  # from an event to its arrival, where no column tells
    history: Duration | None = None  # how far back it reaches
    outcomes: tuple[str, ...] = ()  # columns written after the answer: no feature of the same row may read them
    symmetric: bool = False  # an event joins two users, either way


class Table(Section):
    """What is known of each user, item or query: a file and its key."""

    path: str  # a file, or a data set
    key: str  # column
    text: tuple[str, ...] = ()  # columns to search
    born: str | None = None  # column: since when the entity exists


class Split(Section):
    """How examples are parted into training, validation and test."""

    by: Literal["time", "group", "random"] = "time"
    validate: Share | Literal["given"] = 0.1  # of the events, to choose on
    test: Share | Literal["given"] = 0.1  # of the events, to measure on once
    embargo: Duration | None = None  # default: the label's window and delay
    group: str | None = None  # column whose rows stay together; near_duplicates for texts
    ranker: Share = 0.2  # of the training events: the last ones, kept from the retrievers


class DataSection(Section):
    """Step 3: data. `features` maps group (user, item, context, pair, text) → name → its definition."""

    events: Events
    storage: Mapping[str, Store] = field(default_factory=dict)  # what → the kind of store that holds it
    users: Table | None = None
    items: Table | None = None
    queries: Table | None = None
    split: Split = Split()
    features: Mapping[str, Mapping[str, Feature]] = field(default_factory=dict)


class Solution(Section):
    """Step 4: one way to build it: a funnel (retrieve, rank, rerank) or one prediction."""

    retrieve: tuple[Retriever, ...] = ()  # sources of candidates
    rank: Learner | None = None  # scores the candidates
    rerank: tuple[Reranker, ...] = ()  # changes the order last
    predict: Learner | None = None  # answers without candidates
    why: str | None = None  # what speaks for it
    train: Literal["batch", "online"] = "batch"  # anew from the log, or event by event


class Online(Section):
    """What a live experiment watches."""

    metric: str  # the one that decides
    guards: tuple[str, ...] = ()  # what must not get worse
    by: Unit = "user"  # what is assigned to one arm or the other
    rate: Share | None = None  # the metric today, where it is a share
    effect: Share | None = None  # the least relative change that must not be missed
    traffic: Share = 1.0  # of all users, both arms together
    days: Duration = 14 * DAY  # how long it runs


class Calibration(Section):
    """How far predicted probabilities may be from what happens."""

    slope: Range


class TradeOffs(Section):
    """Which side each of the four trade-offs is decided for."""

    precision_recall: Literal["precision", "recall"] | None = None
    latency_accuracy: Literal["latency", "accuracy"] | None = None
    batch_streaming: Literal["batch", "streaming"] | None = None
    cost_quality: Literal["cost", "quality"] | None = None


class Evaluation(Section):
    """Step 5: evaluate and decide."""

    metric: str  # the one that decides; its k is framing.answer.items
    at: Mapping[str, Share] = field(default_factory=dict)  # the operating point: {precision: 99.5%}
    least_effect: float = 0.005  # the least gain worth a harder model
    slices: tuple[Slice, ...] = ()  # groups that are measured apart
    calibration: Calibration | None = None
    online: Online | None = None
    trade_offs: TradeOffs = TradeOffs()
    seeds: int = 3  # fits of each solution that is random
    trials: int = 4  # settings of each solution's learner that are tried on validation, its defaults first
    requests: Count = 5_000  # at most so many test requests, drawn once


class StageBudget(Section):
    """What a stage of serving keeps, how long it may take, what happens when it is late."""

    keep: int | None = None  # candidates that go on
    within: Duration | None = None  # of p99
    else_: str | None = None  # what answers when it is late


class Batch(Section):
    """Lists computed ahead, where they lie and what they serve for."""

    store: str  # where the lists lie: redis://cache
    for_: Literal["fallback", "everything"] = "fallback"
    every: Duration = DAY  # from one making to the next


class Serving(Section):
    """Step 6: serve."""

    retrieve: StageBudget = StageBudget(keep=500)
    rank: StageBudget = StageBudget(keep=100)
    rerank: StageBudget = StageBudget()
    predict: StageBudget = StageBudget()
    batch: Batch | None = None
    model_server: Address | None = None  # where the ranker lives, of those that speak the V2 protocol; else in the process
    replicas: int | None = None  # as many as are needed, where nothing is said
    log: Share = 1.0  # of the answers: candidates, positions, propensities, version


class Drift(Section):
    """Which features are watched, and what follows."""

    top_features: int = 10  # how many are watched, the most important first
    test: Literal["psi", "js", "wasserstein", "ks", "chi2"] = "psi"  # the distance between then and now
    then: Literal["retrain", "alert"] = "retrain"  # what follows


class Release(Section):
    """When a new version replaces the old one, in which steps, and what undoes it."""

    if_: Literal["not_worse", "better"] = "not_worse"  # against the version that serves
    via: tuple[Literal["shadow", "canary", "full"], ...] = ("shadow", "canary", "full")  # steps in order
    undo_on: tuple[str, ...] = ()  # metrics that take it back when they worsen


class Monitoring(Section):
    """Step 7: monitor."""

    drift: Drift | None = None
    watch: tuple[str, ...] = ()  # default: the metric that decides, and the guards
    release: Release | None = None


class Waiver(Section):
    """A finding that somebody answers for, until a day."""

    code: str  # of the check
    reason: str  # why it may stand
    owner: str  # who answers for it
    until: Date  # its last day
    where: str | None = None  # path; everywhere, where none is given


class Design(Section):
    """A whole document. Made from keywords or from a file (`design.load`), it is the same object."""

    name: Name  # of the design, its file and its folders
    why: str = ""  # whom it helps, and how
    stage: Stage = "design"  # checks grow stricter with it
    owner: str | None = None  # who is called
    waivers: tuple[Waiver, ...] = ()  # findings that somebody answers for
    requirements: Requirements = Requirements()
    framing: Framing
    data: DataSection
    solutions: Mapping[str, Solution] = field(default_factory=dict)
    evaluation: Evaluation
    serving: Serving = Serving()
    monitoring: Monitoring = Monitoring()
    na: Mapping[str, str] = field(default_factory=dict, metadata={"unwritten": True})  # path → reason
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False,
                                     metadata={"unwritten": True})  # of a path
    source: str = field(default="", compare=False, metadata={"unwritten": True})  # the file, where there is one

    def __post_init__(self) -> None:
        """Plain mappings are read as a file's would be; a loss that is not given is the first that suits the task."""
        reading = Reading()
        known = written(Design)
        values = reading.fields(known, {key: getattr(self, one.name) for key, (one, _) in known.items()}, "")
        if reading.findings:
            raise refused(located(reading.findings, {}), self.source)
        for one, _ in known.values():
            object.__setattr__(self, one.name, values[one.name])
        object.__setattr__(self, "na", {**self.na, **reading.na})
        if self.framing is not UNREAD and self.framing.task is not UNREAD:
            solutions = {name: _with_losses(solution, self.framing.task) for name, solution in self.solutions.items()}
            object.__setattr__(self, "solutions", solutions)


def _with_losses(solution: Solution, task: str) -> Solution:
    return replace(solution, retrieve=tuple(_with_loss("retriever", part, task) for part in solution.retrieve),
                   rank=solution.rank and _with_loss("learner", solution.rank, task),
                   predict=solution.predict and _with_loss("learner", solution.predict, task))


def _with_loss(kind: str, part: Part, task: str) -> Part:
    if "loss" in part.params or (loss := vocabulary.default_loss(kind, part.name, task)) is None:
        return part
    return Part(part.name, {**part.params, "loss": loss})
