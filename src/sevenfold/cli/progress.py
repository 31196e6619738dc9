"""A line for each step of a run while it works."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console


class Lines:
    """Tells each step on a stream: with a spinner on a terminal, one plain line each elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self.console = Console(file=stream, highlight=False)
        self._status = self.console.status("")

    def start(self, step: str) -> None:
        """A step begins."""
        self._status.update(f"{step} …")
        self._status.start()

    def done(self, step: str, seconds: float, reused: bool) -> None:
        """A step is finished, or was before."""
        self._status.stop()
        self.console.print(f"  {'kept' if reused else f'{seconds:.1f} s':>8}  {step}", style="dim" if reused else None)
