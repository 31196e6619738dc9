"""The run record: what was measured, typed, with its schema version.

Record                    what ran (hashes, seeds, versions, machine), on what (data, split), under which rules
├── Dataset, Finding, Probe        the data, what the checks found, what the leak probes saw
├── solutions: Solution            one way to build it, measured as one pipeline
│   ├── Estimate                   a value with its interval
│   ├── Latency, Cost, Stage       time, money, and what each stage of the funnel keeps
│   ├── Tuning, Price              what trials on validation changed, what re-ranking costs
│   └── Verdict                    a limit held against what was measured
└── Decision, Boundary, Region     who wins, why, and where that flips

Whoever reports, defends or compares a run reads these records and nothing else. Latency is in milliseconds, memory in
MB (1e6 bytes), money in US dollars a month, coverage a share. Nothing heavy is imported: reading is instant.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sevenfold.errors import BundleError

SCHEMA = 1
FILE = "record.json"
Basis = Literal["measured", "projected", "unproved"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value and the interval around it; an end that the data cannot give is None."""

    value: float
    low: float | None = None
    high: float | None = None
    requests: int | None = None


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Milliseconds a request takes from question to answer, through every stage."""

    p50: float
    p99: float
    p99_low: float | None = None
    p99_high: float | None = None
    requests: int = 0
    catalogue: int = 0  # items there were when it was measured
    basis: Basis = "unproved"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """How the monthly cost comes about; `formulas` spell it out with the numbers put in."""

    low: float | None = None
    high: float | None = None
    basis: Basis = "projected"
    cores: float = 0.0
    replicas: int = 0
    spare: int = 0
    peak_per_second: float = 0.0
    serving: float = 0.0
    training: float = 0.0
    formulas: tuple[str, ...] = ()
    prices: str = ""  # where the prices come from, and of which day


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of the funnel: how many it keeps, how long it takes, and the share of what is relevant still there."""

    stage: str  # retrieve, features, rank, rerank
    kept: int | None = None
    p50: float | None = None
    p99: float | None = None
    recall: float | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A limit held against a measurement: `holds` is None where nothing proves it."""

    limit: float
    value: float | None = None
    low: float | None = None
    high: float | None = None
    basis: Basis = "unproved"
    holds: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a re-ranker takes of the primary metric, and what it gives for it in its own unit."""

    reranker: str
    unit: str | None = None  # None where nothing can be counted
    lost: Estimate | None = None
    gained: Estimate | None = None


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What trials on validation found for a part of a solution: a metric there, and the parameters that won."""

    trials: int
    metric: str
    default: float | None = None  # with the parameters as they come
    best: float | None = None
    params: dict[str, float] = field(default_factory=dict)  # empty where none did better


@dataclass(frozen=True, kw_only=True)
class Solution:
    """One solution of the design, measured as one pipeline."""

    order: int  # its place in the document: 0 is the simplest
    parts: str = ""  # "popular → logistic"
    metrics: dict[str, Estimate] = field(default_factory=dict)  # "ndcg@10" → its mean over requests
    latency_ms: Latency | None = None
    memory_mb: float | None = None
    memory_basis: Basis = "unproved"
    bundle_mb: float | None = None
    fit_seconds: float | None = None
    cost_per_month: float | None = None
    cost: Cost | None = None
    stages: tuple[Stage, ...] = ()
    slices: dict[str, dict[str, Estimate]] = field(default_factory=dict)  # slice → metric → estimate
    spread: dict[str, tuple[float, ...]] = field(default_factory=dict)  # metric → one value per seed
    paired: dict[str, Estimate] = field(default_factory=dict)  # other solution → this one's gain over it
    weights: dict[str, float] = field(default_factory=dict)  # feature → importance
    limits: dict[str, Verdict] = field(default_factory=dict)
    tuning: dict[str, Tuning] = field(default_factory=dict)  # part → its trials
    prices: tuple[Price, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What the run read."""

    events: int = 0
    users: int = 0
    items: int = 0
    first: str = ""  # ISO dates
    last: str = ""
    requests: dict[str, int] = field(default_factory=dict)  # train, validate, test → how many


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found in the document, as it stood when the run began."""

    code: str
    name: str = ""
    severity: str = ""
    where: str = ""
    line: int | None = None
    problem: str = ""
    hint: str = ""
    waived: str = ""  # the waiver's reason


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a leak probe looked at, and whether it passed."""

    name: str
    passed: bool
    detail: str = ""
    waived: str = ""


@dataclass(frozen=True, kw_only=True)
class Region:
    """A stretch of one setting over which the decision stays the same; None: without end, or without winner."""

    low: float | None
    high: float | None
    winner: str | None


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """Where the decision flips as one setting moves and everything else stays."""

    setting: str  # p99 | cost | memory | min_coverage | least_effect
    current: float | None
    regions: tuple[Region, ...] = ()
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Who wins and why."""

    winner: str | None
    sentence: str = ""
    admissible: tuple[str, ...] = ()
    refused: dict[str, tuple[str, ...]] = field(default_factory=dict)  # solution → the limits that it breaks
    unproved: dict[str, tuple[str, ...]] = field(default_factory=dict)  # solution → the limits that nothing proves
    beaten: dict[str, tuple[str, ...]] = field(default_factory=dict)  # solution → those better by more than the least
    needs: dict[str, float] = field(default_factory=dict)  # loser → the gain with which it would win, its limits aside
    least_bad: str | None = None  # where nothing is admissible: the one nearest to it
    boundaries: tuple[Boundary, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Stale:
    """What lists of an age are worth to the winner's users, and what online answers gain over them."""

    age: float  # s
    quality: Estimate  # the primary metric, on a part of the test's requests
    lost: Estimate


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run of one design. Timings stand here and in no hash: they never repeat."""

    schema: int = SCHEMA
    name: str
    why: str = ""
    design_hash: str
    data_fingerprint: str
    seeds: tuple[int, ...] = (0,)
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str | int | float] = field(default_factory=dict)
    split: dict[str, str | int | float] = field(default_factory=dict)
    metric: str  # "ndcg@10"
    higher_is_better: bool = True
    least_effect: float = 0.0
    level: float = 0.95  # of every interval
    limits: dict[str, float] = field(default_factory=dict)  # p99, cost, memory, min_coverage: those that were set
    catalogue: int | None = None  # items at the declared scale
    data: Dataset = Dataset()
    solutions: dict[str, Solution] = field(default_factory=dict)
    winner: str | None = None
    decision: Decision | None = None
    pareto: tuple[str, ...] = ()
    stale: tuple[Stale, ...] = ()  # where lists are made ahead
    findings: tuple[Finding, ...] = ()
    leaks: tuple[Probe, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)  # step → seconds


def to_json(value: Any) -> Any:
    """Records as plain JSON values; NumPy scalars become Python's."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {part.name: to_json(getattr(value, part.name)) for part in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): to_json(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(part) for part in value]
    return value.item() if hasattr(value, "item") else value


def from_json(kind: Any, value: Any, where: str = FILE) -> Any:
    """The record of type `kind` that JSON values spell; raises BundleError where they do not fit."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        rest = [part for part in arguments if part is not type(None)]
        if value is None and len(rest) < len(arguments):
            return None
        return from_json(rest[0], value, where) if len(rest) == 1 else _scalar(tuple(rest), value, where)
    if origin is Literal:
        return value if value in arguments else _mismatch(where, " or ".join(map(repr, arguments)), value)
    if origin is tuple:
        parts = _scalar((list,), value, where)
        return tuple(from_json(arguments[0], part, f"{where}[{n}]") for n, part in enumerate(parts))
    if origin is dict:
        pairs = _scalar((dict,), value, where)
        return {key: from_json(arguments[1], part, f"{where}.{key}") for key, part in pairs.items()}
    if dataclasses.is_dataclass(kind):
        return _record(kind, _scalar((dict,), value, where), where)
    return float(_scalar((float, int), value, where)) if kind is float else _scalar((kind,), value, where)


def _record(kind: Any, values: dict[str, Any], where: str) -> Any:
    hints = typing.get_type_hints(kind)
    for name in sorted(values.keys() - hints.keys()):
        _mismatch(f"{where}.{name}", "no such key", values[name])
    for part in dataclasses.fields(kind):
        if part.name not in values and part.default is part.default_factory is dataclasses.MISSING:
            _mismatch(f"{where}.{part.name}", "a value", None)
    return kind(**{name: from_json(hints[name], value, f"{where}.{name}") for name, value in values.items()})


def _scalar(kinds: tuple[type, ...], value: Any, where: str) -> Any:
    if isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds):
        return value
    return _mismatch(where, " or ".join(kind.__name__ for kind in kinds), value)


def _mismatch(where: str, expected: str, value: Any) -> Any:
    raise BundleError(where, f"expected {expected}, got {value!r:.60}",
                      "The file was damaged or edited; run the design again to write it anew.")


def write(record: Record, folder: Path) -> Path:
    """Write `record.json` into a folder, whole or not at all; raises BundleError for a number that is not finite."""
    values = to_json(record)
    for where, number in _numbers(values, ""):
        if not math.isfinite(number):
            raise BundleError(where, f"expected a finite number, got {number}",
                              "Leave out what could not be measured: a missing value is None.")
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{FILE}.{os.getpid()}"
    unfinished.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(folder / FILE)
    return folder / FILE


def _numbers(value: Any, where: str) -> typing.Iterator[tuple[str, float]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in pairs:
        yield from _numbers(part, f"{where}.{key}" if where else str(key))
    if isinstance(value, float):
        yield where, value


def read(folder: Path) -> Record:
    """The record of a run (see `locate`); raises BundleError where it is missing, damaged or of another schema."""
    path = locate(folder) / FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise BundleError(str(path), f"is not JSON: {error}", "Run the design again to write it anew.") from None
    schema = values.get("schema") if isinstance(values, dict) else None
    if schema != SCHEMA:
        raise BundleError(str(path), f"expected schema {SCHEMA}, got {schema!r}",
                          "The run was written by another version of Sevenfold; run the design again.")
    record: Record = from_json(Record, values, str(path))
    return record


def locate(path: Path) -> Path:
    """The run folder that a path means: itself, the `latest` run inside it, or the folder of a record file.

    Raises BundleError naming the runs that lie there, where there are any.
    """
    for folder in (path, path / "latest", path.parent if path.name == FILE else path):
        if (folder / FILE).is_file():
            return folder.resolve()
    runs = sorted(str(found.parent.relative_to(path)) for found in path.glob(f"*/{FILE}")) if path.is_dir() else []
    hint = f"Runs in it: {', '.join(runs)}." if runs else "Give the folder that `sevenfold run` wrote."
    raise BundleError(str(path), f"expected a run folder with {FILE}, found none", hint)
