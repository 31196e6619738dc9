"""What several worlds are made of: moments, chances, made-up words, and files."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from sevenfold.nouns import DAY, F64, I64, SECOND, Array

START = 1_704_326_400 * SECOND  # 2024-01-04: a world lies in the past
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
DEVICES = np.array(["desktop", "phone", "tablet"])
SEPARATORS = {".csv": ",", ".tsv": "\t", ".dat": "\t"}


def moments(time: I64) -> pa.Array:
    """µs since 1970 as a column of times."""
    return pa.array(time, pa.timestamp("us", "UTC"))


def visits(rng: np.random.Generator, count: int, days: int) -> I64:
    """[count] moments in rising order, mornings and, more of them, evenings."""
    hour = np.clip(rng.normal(np.where(rng.random(count) < 0.35, 9, 20), 2.5), 0, 23.99)
    return np.sort(START + rng.integers(days, size=count) * DAY + (hour * 3600 * SECOND).astype(np.int64))


def who(rng: np.random.Generator, people: int, count: int) -> I64:
    """[count] people, of whom a few come again and again."""
    active = rng.lognormal(0, 0.8, people)
    return rng.choice(people, count, p=active / active.sum())


def chance(odds: Array) -> F64:
    """Log odds as a probability."""
    return np.asarray(1 / (1 + np.exp(-odds)))


def shares(weights: Array) -> F64:
    """Weights as the chances of a draw."""
    return np.asarray(weights / weights.sum())


def dot(left: Array, right: Array) -> F64:
    """[n] row by row; not by BLAS, whose sums depend on the number of threads."""
    return np.asarray(np.einsum("nd,nd->n", left, right, optimize=False))


def vocabulary(rng: np.random.Generator, count: int) -> Array:
    """[count] different made-up words of two or three syllables; those that stand first are short."""
    syllables = np.array([first + second for first in CONSONANTS for second in VOWELS])
    two = rng.permutation(np.add.outer(syllables.astype(object), syllables.astype(object)).ravel())
    three = two + rng.choice(syllables.astype(object), len(two))  # the first two differ, so all do
    return np.concatenate([two[::2], three[1::2]])[:count].astype(np.str_)


def write(tables: Mapping[str, pa.Table], folder: Path) -> list[Path]:
    """Each table under its file's name, in the format that the name's ending says; none where writing fails."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as unfinished:
        for name, table in tables.items():
            _write(table, Path(unfinished) / name)
        return [(Path(unfinished) / name).replace(folder / name) for name in tables]


def _write(table: pa.Table, file: Path) -> None:
    if file.suffix == ".parquet":
        parquet.write_table(table, file, compression="zstd")
    elif file.suffix == ".jsonl":
        file.write_text("".join(f"{json.dumps(row)}\n" for row in table.to_pylist()), encoding="utf-8")
    else:
        options = csv.WriteOptions(delimiter=SEPARATORS[file.suffix], quoting_style="none", quoting_header="none")
        csv.write_csv(table, file, options)
