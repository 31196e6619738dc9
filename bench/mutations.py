"""What the checks catch of faults planted on purpose, what they say of sound designs, and how long a check takes.

    python bench/mutations.py

Prints the table of docs/mutations.md, then the median of twenty checks of a design of 200 lines: as a process of its own,
and inside a running one.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from design import mutants  # the tests know how faults are planted
from sevenfold.design import examine

LINES, TIMES = 200, 20


def document() -> str:
    """A sound design in block style, grown to 200 lines by features."""
    design = mutants.shipped("video")
    features = {**design["data"]["features"]["user"]}
    while (text := yaml.safe_dump(design, sort_keys=False, default_flow_style=False)).count("\n") < LINES:
        features = {**features, f"active_{len(features)}": {"count": "events", "over": f"{len(features)}d"}}
        design = {**design, "data": {**design["data"], "features": {**design["data"]["features"], "user": features}}}
    return text


def median(action: Callable[[], object]) -> float:
    """Milliseconds."""
    return statistics.median(_once(action) for _ in range(TIMES))


def _once(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    print(mutants.text())
    text = document()
    assert examine(text) == []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "design.yaml"
        path.write_text(text, encoding="utf-8")
        words = [str(Path(sys.executable).with_name("sevenfold")), "check", str(path)]
        alone = median(lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL))
    print(f"| check of a design of {text.count(chr(10))} lines, median of {TIMES} | ms |\n|---|---|")
    print(f"| as a process | {alone:.0f} |\n| in a running one | {median(lambda: examine(text)):.1f} |")


if __name__ == "__main__":
    main()
