"""Clicks on mind-5k, and in the simulated world of ads: our four solutions beside LightGBM on the same features.

    SEVENFOLD_DATA=<folder> python bench/ads.py [--world] [--seeds 3] [--windows 4] [--automl SECONDS]

The shipped design `ads`, split by time: a tenth of the impressions is the test, the tenth before it chooses rounds and
calibrates, everything before is learnt from; so the last tenth is judged, and as many tenths before it as there are windows,
all judged together, for a tenth holds too few clicks to tell a slope or an error of calibration. `all` learns from every
impression; `kept 10 %` from a tenth of those without a click, its odds put right (He et al. 2014) and then calibrated on
validation like all others. LightGBM reads the rows that our trees read; both are tuned by as many trials over the same
settings, and calibrated in the same way. `slope` is that of the true log-odds on the predicted ones (1 is right), `error` the
calibration error as a share of the rate of clicks, `by luck` the same where clicks are drawn by the model's own
probabilities: what a model that is right shows on so many clicks. In the world, where the chance of each click is known,
`distance` is the mean distance from it as a share of the mean chance. With `--automl`, FLAML's and AutoGluon's best within so
many seconds a window, on the same rows and the first seed, chosen on the same validation; our seconds stand beside. Needs
lightgbm, and for `--automl` flaml and autogluon.tabular.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pyarrow import parquet

from sevenfold import data as sources
from sevenfold import design as documents
from sevenfold.cli.new import text
from sevenfold.data.requests import Labelled, labelled
from sevenfold.data.splits import Cuts, cuts
from sevenfold.data.worlds import simulate, write
from sevenfold.design.part import Part
from sevenfold.design.sections import Design, Solution
from sevenfold.errors import DataError
from sevenfold.evaluation.predictions import Answered, calibration_error, normalized_entropy, roc_auc
from sevenfold.funnel.calibration import chosen, fitted
from sevenfold.nouns import F32, F64, Data, Rows
from sevenfold.run.fit import about, learn, prepare
from sevenfold.run.tuning import settled, tune

EVERY, DRAWS, TENTH = 10**9, 20, 0.1
FIGURES = {"normalised entropy": normalized_entropy, "AUC": roc_auc, "error": calibration_error}


@dataclass(frozen=True)
class Task:
    """A design with all its impressions, or a tenth of those without a click, to learn from."""

    design: Design
    data: Data
    cuts: Cuts
    test: Labelled
    true: F64 | None  # [test] the chance of each click, where it is known


def tasks(world: bool, windows: int) -> Iterator[tuple[str, list[Task]]]:
    if not world and "SEVENFOLD_DATA" not in os.environ:
        raise DataError("bench/ads.py", "SEVENFOLD_DATA is not set", "Name the folder that holds `mind-5k`.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ads.yaml").write_text(text("ads", None if world else "real"), encoding="utf-8")
        if world:
            write(simulate("ads"), folder / "data")
        kept = documents.load(folder / "ads.yaml")
        label = replace(kept.framing.label, negatives=Part("shown", {"keep": 1.0}))
        every = replace(kept, framing=replace(kept.framing, label=label))
        loaded = sources.load(kept)
        for title, design in (("all", every), ("kept 10 %", kept)):
            yield title, [window(design, loaded, number, folder if world else None) for number in range(windows)]


def window(design: Design, data: Data, number: int, world: Path | None) -> Task:
    """The task as it stood so many tenths of the impressions before the log's end."""
    left = 1 - TENTH * number
    seen = replace(data, log=data.log.take(np.arange(round(len(data.log) * left))))
    split = replace(design.data.split, test=TENTH / left, validate=TENTH / left)
    design = replace(design, data=replace(design.data, split=split))
    found = cuts(seen, design)
    test = labelled(seen, design, found.test_from, found.end, limit=EVERY, seed=0)
    return Task(design, seen, found, test, None if world is None else chances(world, test))


def chances(folder: Path, test: Labelled) -> F64:
    """[test] the true chance of a click, found by who was shown which ad when."""
    shown, truth = (parquet.read_table(folder / "data" / f"{name}.parquet") for name in ("impressions", "truth"))
    order = np.argsort(shown["shown_at"].cast("int64").to_numpy(), kind="stable")
    time, chance = shown["shown_at"].cast("int64").to_numpy()[order], truth["probability"].to_numpy()[order]
    first = np.searchsorted(time, test.requests.time[0])
    if not np.array_equal(time[first:first + len(test)], test.requests.time):
        raise DataError("bench/ads.py", "the test's impressions are not those of the world in order of time", "Mend `chances`.")
    return np.asarray(chance[first:first + len(test)])


def answers(task: Task, seeds: int, budget: int | None) -> Iterator[tuple[str, F32]]:
    """Each model and its probabilities for the test, one seed after the other."""
    tuned: dict[str, Solution] = {}
    for name, solution in task.design.solutions.items():
        for seed in range(seeds):
            ready = prepare(task.design, solution, task.data, task.cuts, seed)
            start = time.perf_counter()
            found = tuned.get(name) or tuned.setdefault(name, settled(solution, tune(task.design, ready)))
            parts = learn(task.design, replace(ready, learner=found.predict), seed)
            if budget and not seed:
                print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
            rows = about(parts.over(task.data), task.test)
            assert parts.ranker is not None
            assert parts.calibration is not None
            yield f"**{name}**", parts.calibration(parts.ranker[1].scores(rows))
            if name == "trees":
                assert ready.train is not None
                assert ready.validate is not None
                yield "LightGBM, the same rows", lightgbm(ready.train, ready.validate, rows, seed, task.design.evaluation.trials)
                for peer in (flaml, autogluon) if budget and not seed else ():
                    yield f"{peer.__name__}, {budget} s a window", peer(ready.train, ready.validate, rows, budget)


def lightgbm(train: Rows, validate: Rows, test: Rows, seed: int, trials: int) -> F32:
    """Tuned like ours: as many trials, over the same settings, by the loss on validation."""
    import lightgbm as peer
    import optuna

    assert validate.label is not None
    known = peer.Dataset(train.values, train.label, free_raw_data=False)
    later = peer.Dataset(validate.values, validate.label, reference=known, free_raw_data=False)

    def boosted(depth: int, learning_rate: float, leaf_weight: float) -> Any:
        settings = {"objective": "binary", "learning_rate": learning_rate, "max_depth": depth, "num_leaves": 2**depth,
                    "min_sum_hessian_in_leaf": leaf_weight, "bagging_fraction": 0.8, "bagging_freq": 1, "feature_fraction": 0.8,
                    "seed": seed, "num_threads": 2, "deterministic": True, "verbosity": -1, "feature_pre_filter": False}
        return peer.train(settings, known, 1000, [later], callbacks=[peer.early_stopping(30, verbose=False)])

    def loss(trial: Any) -> float:
        return float(boosted(trial.suggest_int("depth", 3, 8), trial.suggest_float("learning_rate", 0.03, 0.3, log=True),
                             trial.suggest_float("leaf_weight", 1e-3, 30, log=True)).best_score["valid_0"]["binary_logloss"])

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=3))
    study.enqueue_trial({"depth": 4, "learning_rate": 0.1, "leaf_weight": 1e-3})
    study.optimize(loss, n_trials=trials)
    booster = boosted(**study.best_params)
    return _calibrated(lambda rows: booster.predict(rows.values), validate, test)


def flaml(train: Rows, validate: Rows, test: Rows, budget: int) -> F32:
    """The best of its estimators by the loss on validation."""
    from flaml import AutoML

    assert validate.label is not None
    model = AutoML()
    model.fit(table(train), train.label, X_val=table(validate), y_val=validate.label, task="classification", metric="log_loss",
              time_budget=budget, seed=0, n_jobs=2, verbose=0)
    print(f"flaml: {model.best_estimator}", file=sys.stderr)
    return _calibrated(lambda rows: model.predict_proba(table(rows))[:, 1], validate, test)


def autogluon(train: Rows, validate: Rows, test: Rows, budget: int) -> F32:
    """The best of its models and their weighted ensemble by the loss on validation."""
    from autogluon.tabular import TabularPredictor

    with tempfile.TemporaryDirectory() as folder:
        model = TabularPredictor("label", eval_metric="log_loss", path=folder, verbosity=0).fit(
            table(train, label=train.label), tuning_data=table(validate, label=validate.label), time_limit=budget, num_cpus=2)
        print(f"autogluon: {model.model_best}", file=sys.stderr)
        return _calibrated(lambda rows: model.predict_proba(table(rows))[1.0].to_numpy(), validate, test)


def table(rows: Rows, **label: Any) -> Any:
    """The rows as these peers read them."""
    import pandas

    return pandas.DataFrame(rows.values, columns=list(rows.names)).assign(**label)


def _calibrated(predict: Callable[[Rows], Any], validate: Rows, test: Rows) -> F32:
    assert validate.label is not None
    return chosen(predict(validate), validate.label)(predict(test))


def judged(scores: F32, label: F32, true: F64 | None) -> list[float]:
    """Normalised entropy, AUC, calibration error, that of luck alone, slope, and the distance to the truth."""
    one = Answered(scores.astype(np.float64), np.zeros(len(scores)), label.astype(np.float64))
    ones = np.ones((1, len(scores)))
    distance = np.nan if true is None else float(np.abs(one.score - true).mean() / true.mean())
    drawn = np.random.default_rng(0).random((DRAWS, len(scores))) < one.score
    chance = np.mean([calibration_error(replace(one, label=labels.astype(np.float64)))(ones)[0] for labels in drawn])
    figures = [float(metric(one)(ones)[0]) for metric in FIGURES.values()]
    return [*figures, float(chance), fitted(scores, label).slope, distance]


def told(title: str, learnt: str, figures: Mapping[str, list[list[float]]]) -> str:
    cells = np.array(figures[title])
    mean, spread = cells.mean(axis=0), cells.std(axis=0, ddof=1) if len(cells) > 1 else np.zeros(cells.shape[1])
    figures_told = [f"{one:.4f} ± {other:.4f}" if np.isfinite(one) else "–" for one, other in zip(mean, spread, strict=True)]
    return "| " + " | ".join([title, learnt, *figures_told]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", action="store_true", help="the simulated world, where every chance is known")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--windows", type=int, default=4)
    parser.add_argument("--automl", type=int, metavar="SECONDS", help="also FLAML and AutoGluon, so long a window")
    asked = parser.parse_args()
    for learnt, windows in tasks(asked.world, asked.windows):
        label = np.concatenate([task.test.grade for task in windows])
        true = np.concatenate([task.true for task in windows if task.true is not None]) if asked.world else None
        if learnt == "all":
            print(f"ads on {'the simulated world' if asked.world else 'mind-5k'}: {len(label)} impressions in {asked.windows} "
                  f"windows, {label.mean():.2%} clicked; {asked.seeds} seeds; {platform.machine()}, {os.cpu_count()} cores\n")
            print("| model | learns from |", " | ".join(FIGURES), "| by luck | slope | distance |")
            print("|---|---|---|---|---|---|---|---|")
        figures: dict[str, list[list[float]]] = {}
        every = (answers(task, asked.seeds, asked.automl) for task in windows)
        for said in zip(*every, strict=True):  # the same model and seed in each window
            scores = np.concatenate([scores for _, scores in said])
            figures.setdefault(said[0][0], []).append(judged(scores, label, true))
        print("\n".join(told(title, learnt, figures) for title in figures), flush=True)


if __name__ == "__main__":
    main()
