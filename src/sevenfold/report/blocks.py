"""Headings, points, tables and pictures, and the two ways to print them: Markdown, and one page without network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sevenfold.report.diagrams import Diagram
from sevenfold.report.tables import Table
from sevenfold.report.tags import Safe, join, tag


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is the document's own."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Words:
    """A paragraph; what is quiet stands back, and a verdict stands out."""

    text: str
    quiet: bool = False
    role: str = ""  # why | verdict | verdict none


@dataclass(frozen=True)
class Points:
    """A list: a subject, which may be empty, and what is said of it."""

    points: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Code:
    """Lines to be shown as they stand."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class Drawn:
    """What a page draws, and what Markdown says instead of it."""

    markup: Safe
    told: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Folded:
    """What a page shows only when asked."""

    title: str
    blocks: tuple[Block, ...]


Block = Heading | Words | Points | Table | Diagram | Code | Drawn | Folded


def titled(title: str, *blocks: Block, level: int = 3) -> tuple[Block, ...]:
    """Blocks under a heading; nothing where none of them says anything."""
    said = [block for block in blocks if getattr(block, "points", getattr(block, "rows", True))]
    return (Heading(title, level), *said) if said else ()


def markdown(blocks: Iterable[Block]) -> str:
    """The blocks as Markdown, pictures as Mermaid."""
    return f"{_joined(blocks)}\n"


def _joined(blocks: Iterable[Block]) -> str:
    return "\n\n".join(filter(None, map(_markdown, blocks)))


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {plain(text)}"
        case Words(text, quiet, role):
            around = "*" if quiet else "**" if "verdict" in role else ""
            return f"{around}{plain(text)}{around}"
        case Points(points):
            return "\n".join(f"- **{plain(subject)}** {plain(text)}".rstrip() if subject else f"- {plain(text)}"
                             for subject, text in points)
        case Code(text, language):
            return f"````{language}\n{text.rstrip()}\n````"
        case Drawn(_, told):
            return _joined(told)
        case Folded(title, inside):
            words = _joined(inside)
            return f"### {plain(title)}\n\n{words}" if words else ""
        case Table():
            return _table_lines(block) if block.rows else ""
    return f"```mermaid\n{block.mermaid.rstrip()}\n```"


def _table_lines(table: Table) -> str:
    sides = ("---:" if n >= table.numbers else "---" for n in range(len(table.headings)))
    head, *rows = (f"| {' | '.join(map(plain, cells))} |" for cells in (table.headings, *table.rows))
    return "\n".join((head, f"| {' | '.join(sides)} |", *rows))


def plain(words: str) -> str:
    """Words that Markdown takes for nothing but words."""
    return "".join(f"\\{letter}" if letter in "\\`*[]<|" else letter for letter in " ".join(words.split()))


def page(title: str, blocks: Iterable[Block]) -> str:
    """The blocks as one HTML page in its own style, pictures drawn."""
    style = Safe(Path(__file__).with_name("page.css").read_text(encoding="utf-8"))
    head = tag("head", tag("meta", charset="utf-8"), tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
               tag("title", title), tag("style", style))
    return f"<!doctype html>\n{tag('html', head, tag('body', *map(_html, blocks)), lang='en')}\n"


def _html(block: Block) -> Safe:
    match block:
        case Heading(text, level):
            return tag(f"h{level}", text)
        case Words(text, quiet, role):
            return tag("p", text, class_="note" if quiet else role or None)
        case Points(points):
            return tag("ul", *(tag("li", tag("b", f"{subject} ") if subject else None, text) for subject, text in points))
        case Code(text):
            return tag("pre", text)
        case Drawn(markup):
            return markup
        case Folded(title, inside):
            markup = join(*map(_html, inside))
            return tag("details", tag("summary", title), markup) if markup else Safe("")
        case Table():
            return _table_tag(block) if block.rows else Safe("")
    return tag("figure", block.figure, tag("figcaption", block.title))


def _table_tag(table: Table) -> Safe:
    def row(cells: tuple[str, ...], name: str) -> Safe:
        return tag("tr", *(tag(name, words, class_="n" if n >= table.numbers else "code") for n, words in enumerate(cells)))
    return scrolled(tag("table", row(table.headings, "th"), *(row(cells, "td") for cells in table.rows)))


def scrolled(*inside: Safe) -> Safe:
    """Markup that scrolls in itself where the page is narrow."""
    return tag("div", join(*inside), class_="scroll")
