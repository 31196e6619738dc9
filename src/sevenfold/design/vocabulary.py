"""The parts that the language names, built or not, and which tasks, losses and metrics go together.

A registry knows what can be *made*; this table knows what can be *said*: a document may be ahead of the code. An
entry's `takes` lists parameters that no maker takes yet; those of a maker are read from its signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sevenfold.registry import FEATURES, LEARNERS, REQUIRED, RERANKERS, RETRIEVERS, Registry, signature

# How much there is to explain, from the simplest.
COMPLEXITY = {"heuristic": 0, "linear": 1, "neighbours": 2, "factors": 2, "trees": 3, "other": 3, "graph": 4, "deep": 4}
SIMPLE = 1

FUNNEL = ("recommend", "search", "link")  # tasks that choose from a catalogue
PREDICTION = ("classify", "regress")
CLASSES = ("classify",)  # whose answer is a probability, or a decision made from one


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the language knows of a part, whoever builds it."""

    family: str = "other"
    takes: str = ""
    incremental: bool = False  # can go on learning from single events
    random: bool = False
    cold: bool = False  # answers for a user or an item without a past


@dataclass(frozen=True, kw_only=True)
class Task:
    """What an answer may be, what may be minimised, what may decide."""

    answers: tuple[str, ...]
    losses: tuple[str, ...]
    metrics: tuple[str, ...]
    needs: tuple[str, ...] = ()  # roles that the events must have a column for
    numeric: bool = False  # a label that is one column of numbers is those numbers: a rating, a grade
    withheld: Literal["seen", "linked", "nothing"] = "nothing"  # what is never an answer: linked includes oneself


PAIRWISE = ("bce", "logistic", "lambdarank", "bpr", "softmax", "sampled_softmax", "triplet", "contrastive")
LISTS = ("ndcg", "map", "mrr", "recall", "hit_rate")

TASKS: dict[str, Task] = {
    "recommend": Task(answers=("items",), losses=(*PAIRWISE, "squared"), metrics=LISTS, needs=("time", "user", "item"),
                      withheld="seen"),
    "search": Task(answers=("items",), losses=(*PAIRWISE, "squared"), metrics=LISTS, needs=("query", "item"), numeric=True),
    "link": Task(answers=("users",), losses=PAIRWISE, metrics=(*LISTS, "roc_auc"), needs=("user", "item"), withheld="linked"),
    "classify": Task(
        answers=("probability", "decision"), losses=("bce", "logistic", "focal", "hinge"),
        metrics=("pr_auc", "roc_auc", "log_loss", "normalized_entropy", "f1", "precision", "recall", "accuracy")),
    "regress": Task(
        answers=("number",), losses=("squared", "mse", "mae", "huber", "poisson", "pinball"),
        metrics=("rmse", "mae", "r2"), numeric=True),
}

_HEURISTIC = Entry(family="heuristic", cold=True, incremental=True)

VOCABULARY: dict[str, dict[str, Entry]] = {
    "retriever": {
        "popular": _HEURISTIC, "trending": _HEURISTIC,
        "sessions": Entry(family="heuristic", incremental=True),
        "nearby": Entry(family="heuristic", takes="within_km: float = 25.0", cold=True, incremental=True),
        "neighbours": Entry(family="neighbours"),
        "ease": Entry(family="neighbours"),
        "als": Entry(family="factors", random=True),
        "two_tower": Entry(family="deep", random=True, cold=True),
        "bm25": Entry(family="heuristic", cold=True),
        "content": Entry(family="neighbours", cold=True),
        "dense": Entry(family="deep", takes="encoder: str = 'lsa', loss: Literal['contrastive', 'triplet'] = 'contrastive'",
                       cold=True),
        "histogram": Entry(family="heuristic", takes="bins: int = 64", cold=True),
        "sequence": Entry(family="deep", random=True),
        "friends_of_friends": Entry(family="heuristic", incremental=True),
        "graph_embedding": Entry(family="graph"),
    },
    "learner": {
        "logistic": Entry(family="linear", incremental=True, cold=True),
        "boosted": Entry(family="trees", random=True, cold=True),
        "cross_network": Entry(family="deep", random=True, incremental=True, cold=True),
        "smoothed_rate": Entry(family="heuristic", incremental=True, cold=True),
        "biases": Entry(family="heuristic", incremental=True, cold=True),
        "factors": Entry(family="factors", random=True, incremental=True),
        "multi_task": Entry(family="deep", takes="experts: int = 4, dimensions: int = 64", random=True, incremental=True,
                            cold=True),
        "naive_bayes": Entry(family="linear", incremental=True, cold=True),
        "text_network": Entry(family="deep", random=True, incremental=True, cold=True),
        "resource_allocation": Entry(family="heuristic", incremental=True),
    },
    "reranker": dict.fromkeys(("diversity", "freshness", "caps", "rules", "explore"), _HEURISTIC),
    "feature": {
        **dict.fromkeys(("attribute", "count", "sum", "mean", "distinct", "last", "time_since", "embed", "affinity", "hour",
                         "weekday", "ratio", "log", "bucket", "hash", "cross", "distance", "closeness"), Entry()),
        "image": Entry(takes="image: str, dimensions: int = 128"),
        **dict.fromkeys(("words", "characters", "common_neighbours", "resource_allocation", "matching"), Entry()),
    },
    "negatives": {
        "unseen": Entry(), "shown": Entry(takes="keep: Share = 1.0"), "friends_of_friends": Entry(takes="n: int = 20"),
    },
}

REGISTRIES: dict[str, Registry] = {"retriever": RETRIEVERS, "learner": LEARNERS, "reranker": RERANKERS,
                                   "feature": FEATURES}

# what every part of a kind takes, whoever makes it
COMMON = {"retriever": signature("quota: int | None = None")}  # candidates that it may propose; None: as many as are kept


def names(kind: str) -> list[str]:
    """Every name that a document may use for a kind of part."""
    made = REGISTRIES[kind].names() if kind in REGISTRIES else []
    return sorted({*VOCABULARY[kind], *made})


def entry(kind: str, name: str) -> Entry:
    """What is known of a part; a stranger's is taken for random, and for one that answers whoever is new."""
    return VOCABULARY[kind].get(name) or Entry(random=True, cold=True)


def made(kind: str, name: str) -> Mapping[str, tuple[Any, Any]] | None:
    """The parameters of the maker, or None where nothing makes the part."""
    registry = REGISTRIES.get(kind)
    return {**registry.schema(name), **COMMON.get(kind, {})} if registry is not None and name in registry else None


def losses(kind: str, name: str) -> tuple[str, ...]:
    """The losses that the maker takes."""
    hint, _ = (made(kind, name) or {}).get("loss", (None, None))
    return tuple(getattr(hint, "__args__", ()))


def schema(kind: str, name: str) -> dict[str, tuple[Any, Any]]:
    """Parameter → (type, default) as the language has it: the maker's, and what no maker takes yet."""
    takes = entry(kind, name).takes
    return {**(signature(takes) if takes else {}), **(made(kind, name) or {})}


def defaults(kind: str, name: str) -> dict[str, Any]:
    """What a document need not write: the maker's defaults where there is one; the loss depends on the task."""
    parameters = made(kind, name)
    known = schema(kind, name) if parameters is None else parameters
    return {key: value for key, (_, value) in known.items() if value is not REQUIRED and key != "loss"}


def default_loss(kind: str, name: str, task: str) -> str | None:
    """The maker's own loss where it suits the task, else the first that does; None where a part, or its maker, has none."""
    if (loss := schema(kind, name).get("loss")) is None or "loss" not in (made(kind, name) or {"loss": loss}):
        return None
    own = str(loss[1])
    return next((one for one in (own, *losses(kind, name)) if one in TASKS[task].losses), own)
