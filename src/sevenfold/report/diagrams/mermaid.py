"""A diagram as Mermaid text, which GitHub and many editors draw."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from sevenfold.report.diagrams.graph import Graph, Node

MARKS = '"#&;<>`[](){}|\\*~$'


def text(graph: Graph) -> str:
    """The flowchart from left to right; titled lanes and bands are subgraphs, bands one below the other."""
    identities = {one.name: f"n{number}" for number, one in enumerate(graph.nodes)}
    labels = ((f'|"{escaped(one.label)}"|' if one.label else "", one) for one in graph.edges)
    lines = [*_groups(graph, identities), *(f"{identities[one.start]} -->{label} {identities[one.end]}" for label, one in labels)]
    if any(one.kind == "aside" for one in graph.nodes):
        lines.append("classDef aside stroke-dasharray:5 4")
    lines += [f"g{number - 1} ~~~ g{number}" for number in range(1, len(graph.bands))]
    return f"flowchart {'TB' if graph.bands else 'LR'}\n" + "".join(f"  {line}\n" for line in lines)


def _groups(graph: Graph, identities: dict[str, str]) -> Iterator[str]:
    titles = graph.bands or graph.lanes
    nodes = sorted(graph.nodes, key=lambda one: one.band if graph.bands else one.lane) if titles else graph.nodes
    for number, group in groupby(nodes, key=lambda one: (one.band if graph.bands else one.lane) if titles else 0):
        inside = [_node(one, identities[one.name]) for one in group]
        if titles and titles[number]:
            level = ["  direction LR"] if graph.bands else []
            yield from (f'subgraph g{number}["{escaped(titles[number])}"]', *level, *(f"  {line}" for line in inside), "end")
        else:
            yield from inside


def _node(one: Node, identity: str) -> str:
    opened, closed = ('[("', '")]') if one.kind == "store" else ('["', '"]')
    words = "<br/>".join(escaped(line) for line in (one.title, *one.lines, *one.notes))
    return f"{identity}{opened}{words}{closed}{':::aside' if one.kind == 'aside' else ''}"


def escaped(words: str) -> str:
    """Words whose every mark of Mermaid, Markdown and HTML is written by its number.

    >>> escaped('a "b"')
    'a #34;b#34;'
    """
    return "".join(f"#{ord(letter)};" if letter in MARKS else letter for letter in words)
