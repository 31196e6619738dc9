"""One run at work: every step of it, kept when it is finished."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold import data as sources
from sevenfold import design as documents
from sevenfold import features
from sevenfold import record as records
from sevenfold.audit import Case
from sevenfold.audit.parity import ITEMS, SAMPLE, parity
from sevenfold.bundle import manifest, parts, state
from sevenfold.data.posted import Posted
from sevenfold.data.requests import Labelled, labelled
from sevenfold.data.splits import Cuts, cuts, slide, stretches
from sevenfold.data.unclocked import released
from sevenfold.design.sections import Design, Solution
from sevenfold.design.vocabulary import CLASSES, FUNNEL
from sevenfold.errors import SevenfoldError
from sevenfold.evaluation import comparison, staleness
from sevenfold.features import View
from sevenfold.funnel.pipeline import Pipeline
from sevenfold.nouns import NOBODY, SECOND, Data, Requests
from sevenfold.registry import LEARNERS, RERANKERS, RETRIEVERS
from sevenfold.run.assemble import Measurement
from sevenfold.run.evaluate import evaluate, unseen
from sevenfold.run.examination import probed
from sevenfold.run.fit import fit, learn, prepare
from sevenfold.run.measure import save_requests
from sevenfold.run.steps import Steps, digest
from sevenfold.run.tuning import Tuned, settled, tune, tune_retrievers

MEASURED_REQUESTS = 500
LARGEST = 200_000  # items that a serving process is measured with; what a larger catalogue takes stays unproved
TUNED = "tuned.json"
WEIGHTS = 500  # features whose importance is recorded
PAUSE = 0.2  # seconds between looks at what others are doing
SEED = 0  # of every draw of requests; the seeds of a fit are 0, 1, 2, …


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run at work: what was loaded, and the steps that are kept."""

    design: Design
    folder: Path
    steps: Steps
    posted: Posted | None = None
    requests: dict[str, int] = field(default_factory=dict)
    fitted: dict[str, Path] = field(default_factory=dict)  # solution → its first seed's fit
    sources: dict[str, Tuned] = field(default_factory=dict)  # what the trials of retrievers found

    @cached_property
    def data(self) -> Data:
        """Step 3: the log and the entities."""
        with self.steps.timed("load"):
            return sources.load(self.design, self.posted)

    @cached_property
    def cuts(self) -> Cuts:
        """Where time is cut."""
        return cuts(self.data, self.design)

    @cached_property
    def features(self) -> features.Features:
        """The features, frozen where all solutions freeze them."""
        return features.fit(self.design, self.data, self.cuts.frozen)

    @cached_property
    def view(self) -> View:
        """The features over the whole log."""
        return self.features.over(self.data)

    @cached_property
    def test(self) -> Labelled:
        """The test's requests, drawn once, without what was seen before."""
        return unseen(self._asked(self.cuts.test_from, self.cuts.end), self.view)

    def _asked(self, start: int, end: int) -> Labelled:
        return labelled(self.data, self.design, start, end, limit=int(self.design.evaluation.requests), seed=SEED)

    @cached_property
    def truth(self) -> comparison.Truth:
        """What the test's requests are judged by."""
        asked = self.test
        alive = self.view.alive(asked.requests.time[-1:])
        self.requests.update({name: len(self._asked(start, end)) for name, start, end in stretches(self.cuts)[-3:-1]},
                             test=len(asked))
        return comparison.truth(self.data, self.cuts.train_until, asked, alive=int(alive.sum()),
                                classes=self.design.framing.task in CLASSES)

    @cached_property
    def state(self) -> Path:
        """The data as a serving process reads them."""
        def make(folder: Path) -> None:
            state.save(self.data, folder / "state")
        return self.steps.finish("save the log", self.data.fingerprint, make) / "state"

    @cached_property
    def case(self) -> Case:
        """What the audit looks at."""
        return Case(design=self.design, data=self.data, cuts=self.cuts, features=self.features, seed=SEED)

    def rehearse(self) -> None:
        """Ask every re-ranker for an empty list, so that one that names an unknown column is found before anything is fitted."""
        nobody = Requests(time=self.data.log.time[-1:], user=np.array([NOBODY], dtype=np.int32))
        for solution in self.design.solutions.values():
            rerankers = tuple(RERANKERS.make(part.name, part.params) for part in solution.rerank)
            pipeline = Pipeline(retrievers={}, ranker=None, rerankers=rerankers, view=self.view, keep=1, rank_keep=1)
            for reranker in rerankers:
                reranker.order(np.zeros(0, dtype=np.int32), np.zeros(0), pipeline.context(nobody, 0), 0)

    def probe(self) -> tuple[records.Probe, ...]:
        """Look for leaks before anything is trained; raises the first LeakError that is not waived."""
        with self.steps.timed("probe for leaks"):
            return probed(self.case)

    def replay(self) -> records.Probe:
        """Answer a sample of the test's requests event by event; raises LeakError for a feature that is served differently."""
        with self.steps.timed("replay requests as they are served"):
            skewed = parity(self.features, self.data, self.test.requests, seed=SEED)
        if skewed:
            raise skewed[0]
        looked = f"{min(SAMPLE, len(self.test))} requests × {ITEMS} items × {len(self.features.names)} columns"
        return records.Probe(name="served as trained", passed=True, detail=f"{looked}, equal to the last bit")

    @property
    def tasks(self) -> list[tuple[str, int]]:
        """Solution and seed of every fit; the first seeds come first, because the others take what their trials found."""
        every = [(name, seed) for name, solution in self.design.solutions.items()
                 for seed in seeds(solution, self.design.evaluation.seeds)]
        return sorted(every, key=lambda task: task[1] > 0)

    def share(self) -> None:
        """Fit and evaluate what no other process at the same run has claimed, until all is done."""
        left = self.tasks
        while left:
            for name, seed in left:
                with self.steps.claimed(self._fit(name, seed).name) as mine:
                    if mine and (seed == 0 or self._fit(name, 0).exists()):
                        self.evaluate(name, self.fit(name, seed), seed)
                        left.remove((name, seed))
                        break
            else:
                time.sleep(PAUSE)

    def done(self) -> bool:
        """Whether all is fitted."""
        return all(self._fit(*task).exists() for task in self.tasks)

    def _fit(self, name: str, seed: int) -> Path:
        return self.steps.target(f"fit {name}, seed {seed}", [self._inputs(self.design.solutions[name]), seed])

    def measure(self, name: str) -> Measurement:
        """Steps 4 to 6 for one solution: each seed fitted and evaluated, then a serving process timed."""
        fitted = [self.fit(name, seed) for seed in seeds(self.design.solutions[name], self.design.evaluation.seeds)]
        answers = [self.evaluate(name, folder, number) for number, folder in enumerate(fitted)]
        recall = {stage: np.mean([_table(one / "recall.npz")[stage] for one in answers], axis=0)
                  for stage in _table(answers[0] / "recall.npz")}
        process = json.loads((self.time(name, fitted[0]) / "measured.json").read_text(encoding="utf-8"))
        ranker = parts.load(fitted[0] / "parts").ranker
        return Measurement(answers=[np.load(one / "answers.npy") for one in answers], recall=recall, process=process,
                           fit_seconds=float(np.mean([self.steps.seconds[f"fit {name}, seed {n}"] for n in range(len(fitted))])),
                           bundle_bytes=manifest.size(fitted[0] / "parts"), tuned=self.tuned(name),
                           prices=_table(answers[0] / "prices.npz"),
                           weights=_strongest(ranker[1].weights()) if ranker else {})

    def fit(self, name: str, seed: int) -> Path:
        """The folder with a solution's fitted parts; the first seed's are tuned, the others take what it found."""
        solution = self.design.solutions[name]
        chosen = seed > 0 and bool(self.fitted.setdefault(name, self._fit(name, 0)))

        def make(folder: Path) -> None:
            found = self.tuned(name) if chosen else tune_retrievers(self.design, solution, self.data, self.cuts, self.sources)
            ready = prepare(self.design, settled(solution, found), self.data, self.cuts, seed)
            found |= {} if chosen else tune(self.design, ready)
            tuned = settled(solution, found)
            parts.save(learn(self.design, replace(ready, learner=tuned.rank or tuned.predict), seed), folder / "parts")
            (folder / TUNED).write_text(json.dumps({part: asdict(one) for part, one in found.items()}), encoding="utf-8")
        made = self.steps.finish(f"fit {name}, seed {seed}", [self._inputs(solution), seed], make)
        self.fitted.setdefault(name, made)
        return made

    def tuned(self, name: str) -> dict[str, Tuned]:
        """Part → what the trials of a solution found."""
        found = json.loads((self.fitted[name] / TUNED).read_text(encoding="utf-8"))
        return {part: Tuned(**one) for part, one in found.items()}

    def evaluate(self, name: str, fitted: Path, seed: int) -> Path:
        """The folder with a solution's answers to the test."""
        def make(folder: Path) -> None:
            evaluate(parts.load(fitted / "parts").over(self.data), self.test, self._k, folder)
        return self.steps.finish(f"evaluate {name}, seed {seed}", [fitted.name, self.design.evaluation.requests, self._k], make)

    def time(self, name: str, fitted: Path) -> Path:
        """The folder with what a fresh serving process took, at the declared size of the catalogue or the largest tried."""
        catalogue = min(int(self.design.requirements.scale.items or len(self.data.items)), LARGEST)

        def make(folder: Path) -> None:
            asked = self.test.requests
            rows = np.random.default_rng(SEED).choice(len(asked), min(MEASURED_REQUESTS, len(asked)), replace=False)
            save_requests(asked.take(np.sort(rows)), folder / "requests.npz")
            printed = _process([fitted / "parts", self.state, folder / "requests.npz", catalogue, self._k])
            (folder / "measured.json").write_text(printed, encoding="utf-8")
        return self.steps.finish(f"measure {name}", [fitted.name, catalogue, self._k], make)

    def age(self, name: str) -> tuple[records.Stale, ...]:
        """What lists made ahead lose with their age; nothing where the design makes none, or the test is too short to tell."""
        start = max(self.cuts.test_from, self.cuts.train_until + max(staleness.AGES) * SECOND)
        if self.design.serving.batch is None or not lists_users(self.design) or start >= self.cuts.end:
            return ()
        asked = unseen(labelled(self.data, self.design, start, self.cuts.end, limit=staleness.REQUESTS, seed=SEED), self.view)
        if not len(asked):
            return ()

        def make(folder: Path) -> None:
            pipeline = parts.load(self.fitted[name] / "parts").over(self.data)
            answers: dict[str, Any] = {**staleness.replayed(pipeline, asked.requests, self._k)}
            np.savez(folder / "answers.npz", **answers)
        made = self.steps.finish(f"age the lists of {name}", [self.fitted[name].name, self._k], make)
        truth = comparison.truth(self.data, self.cuts.train_until, asked, alive=self.truth.alive)
        return staleness.costs(_table(made / "answers.npz"), truth, comparison.metric_of(self.design))

    def ship(self, name: str) -> None:
        """Fit the winner once more with its cuts slid to the log's end, seal it, and point at it."""
        solution = self.design.solutions[name]
        kept = parts.load(self.fitted[name] / "parts").kept()
        posted = self.posted if self.posted is not None and self.posted.entries else None
        held = {} if posted is None else {manifest.STORE: {"name": posted.name, "entries": posted.entries}}

        def make(folder: Path) -> None:
            data = released(self.data)
            shipped = fit(self.design, settled(solution, self.tuned(name)), data, slide(self.cuts, data), 0, kept)
            parts.save(shipped, folder / "bundle" / "parts")
            state.save(data, folder / "bundle" / "state")
            (folder / "bundle" / "design.yaml").write_text(documents.show(self.design), encoding="utf-8")
            sealed = manifest.seal(folder / "bundle", {"design": documents.hash_of(self.design), "solution": name,
                                                       "data": self.data.fingerprint, **held})
            (folder / "name").write_text(sealed, encoding="utf-8")
        made = self.steps.finish(f"ship {name}", [self._inputs(solution), documents.hash_of(self.design), kept, held], make)
        manifest.publish(made / "bundle", self.folder, (made / "name").read_text(encoding="utf-8"))

    @property
    def _k(self) -> int:
        return comparison.places(self.design)

    def _inputs(self, solution: Solution) -> str:
        """What a fit depends on: the data, what is learnt from them, and the solution itself."""
        design = self.design
        learnt, told = replace(design.data, storage={}), replace(solution, why=None)  # words change nothing that is learnt
        return digest([self.data.fingerprint, documents.hash_of(design.framing.label), documents.hash_of(learnt),
                       documents.hash_of(told), design.serving.retrieve.keep, design.serving.rank.keep, design.evaluation.metric,
                       design.evaluation.trials, dict(design.evaluation.at), design.framing.answer.again])


def _strongest(weights: Mapping[str, float]) -> dict[str, float]:
    """The features that weigh most; of words there may be tens of thousands."""
    return dict(sorted(weights.items(), key=lambda pair: -abs(pair[1]))[:WEIGHTS])


def lists_users(design: Design) -> bool:
    """Whether a list of items is made for each user."""
    return design.framing.task in FUNNEL and design.data.events.query is None


def seeds(solution: Solution, count: int) -> Sequence[int]:
    """Several where fitting is random, else one."""
    return range(count if any(maker.random for maker in makers(solution)) else 1)


def makers(solution: Solution) -> list[Any]:
    """The classes of what is fitted in a solution."""
    return [*(RETRIEVERS.get(part.name) for part in solution.retrieve),
            *(LEARNERS.get(part.name) for part in (solution.rank, solution.predict) if part)]


def _process(words: Iterable[object]) -> str:
    """What `run.measure` prints in a process of its own, on one thread as a serving worker has it."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run([sys.executable, "-m", "sevenfold.run.measure", *map(str, words)], capture_output=True,
                          text=True, env={**os.environ, **threads}, check=False)
    if done.returncode:
        raise SevenfoldError("serving", f"the measured process ended with {done.returncode}: {done.stderr.strip()[-2000:]}",
                             "This is a defect of a part: its message stands above.")
    return done.stdout


def _table(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as columns:
        return {name: columns[name] for name in columns.files}
