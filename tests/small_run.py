"""The shipped video design on a world of a tenth of the usual size."""

from __future__ import annotations

from pathlib import Path

from sevenfold.cli import new
from sevenfold.data.worlds import video as world

SMALL = {"seeds: 3": "seeds: 1\n  trials: 2", "keep: 500": "keep: 60", "keep: 100": "keep: 30", "items: 10k": "items: 400"}


def write_design(folder: Path) -> Path:
    """The shipped design on a world of a tenth of the usual size."""
    folder.mkdir(parents=True, exist_ok=True)
    world.write(world.simulate(users=400, items=200, events=20_000, seed=1), folder / "data")
    text = new.text("video").replace("metric: ndcg\n", "metric: ndcg\n  seeds: 3\n")
    for old, fresh in SMALL.items():
        assert old in text, f"the shipped design no longer says '{old}'"
        text = text.replace(old, fresh)
    path = folder / "video.yaml"
    path.write_text(text, encoding="utf-8")
    return path
