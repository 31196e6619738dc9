"""Four diagrams of a design, from the document alone; what a run measured stands in them where its record is given.

Each is described once (`graph`), then written as Mermaid (`mermaid`) and drawn (`layout`, and `timeline` for the axis).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sevenfold.design.sections import Design
from sevenfold.record import Record
from sevenfold.report.diagrams import funnel, layout, mermaid, pipeline, release, timeline
from sevenfold.report.diagrams.graph import Graph
from sevenfold.report.tags import Safe, tag

STYLE = Path(__file__).parents[1] / "page.css"
MARGIN = 20


@dataclass(frozen=True)
class Diagram:
    """A diagram as Mermaid text and as drawings, one for a wide page and one for a phone."""

    name: str
    title: str
    mermaid: str
    svg: Safe
    narrow: Safe

    @property
    def figure(self) -> Safe:
        """Both drawings in a box that scrolls; the page's style shows the one that fits."""
        return tag("div", self.svg, self.narrow, class_="scroll")


def diagrams(design: Design, record: Record | None = None) -> tuple[Diagram, ...]:
    """The data pipeline, the time line of features and label, the funnels, and the loop of training and release."""
    graphs = {"data": ("From the sources to the training sets", pipeline.graph(design, record)),
              "time": ("What a row may know, and when", timeline.graph(design)),
              "funnel": ("From the question to the answer", funnel.graph(design, record)),
              "release": ("From the log to the next version", release.graph(design, record))}
    return tuple(Diagram(name, title, mermaid.text(one), *_drawn(name, one, design, f"{design.name}: {title}"))
                 for name, (title, one) in graphs.items() if one.nodes)


def _drawn(name: str, one: Graph, design: Design, label: str) -> tuple[Safe, Safe]:
    if name != "time":
        return layout.across(one, label), layout.down(one, label)
    return (timeline.drawing(design, label, width=layout.WIDE, class_="wide"),
            timeline.drawing(design, label, width=layout.PHONE, class_="narrow"))


def standalone(drawing: Safe) -> str:
    """A drawing as a file of its own: with its style, on paper of its own, by day and by night."""
    opening, _, inside = drawing.partition(">")
    width, height = (int(side) + 2 * MARGIN for side in re.findall(r'viewBox="0 0 (\d+) (\d+)"', opening)[0])
    label = re.findall(r'aria-label="[^"]*"', opening)[0]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-MARGIN} {-MARGIN} {width} {height}" width="{width}" '
            f'height="{height}" role="img" {label} class="diagram"><style>{_style()}</style>'
            f'<rect x="{-MARGIN}" y="{-MARGIN}" width="{width}" height="{height}" class="paper"></rect>{inside}\n')


def _style() -> str:
    """The page's rules about diagrams with the colours put in, for programs that know no variables: by day, then by night."""
    css = STYLE.read_text(encoding="utf-8")
    rules = css.partition("/* diagrams */")[2].partition("/* end of diagrams */")[0]
    colours = (dict(re.findall(r"(--\w+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL))
    day, night = (re.sub(r"var\((--\w+)\)", lambda found, of=of: of[found[1]], rules) for of in colours)  # type: ignore[misc]
    return f"{day}@media (prefers-color-scheme: dark) {{{night}}}"
