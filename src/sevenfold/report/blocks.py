"""Headings, points, tables and pictures, and the two ways to print them: Markdown, and one page without network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sevenfold.report.diagrams import Diagram
from sevenfold.report.tables import Table
from sevenfold.report.tags import Safe, tag


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is the document's own."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Words:
    """A paragraph; what is quiet stands back."""

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Points:
    """A list: a subject, which may be empty, and what is said of it."""

    points: tuple[tuple[str, str], ...]


Block = Heading | Words | Points | Table | Diagram


def markdown(blocks: tuple[Block, ...]) -> str:
    """The blocks as Markdown, pictures as Mermaid."""
    return "\n\n".join(filter(None, map(_markdown, blocks))) + "\n"


def page(title: str, blocks: tuple[Block, ...]) -> str:
    """The blocks as one HTML page, pictures drawn."""
    return framed(title, *map(_html, blocks))


def framed(title: str, *inside: str | None) -> str:
    """Markup as a whole page in the look of the report, its style within it."""
    style = Safe(Path(__file__).with_name("page.css").read_text(encoding="utf-8"))
    head = tag("head", tag("meta", charset="utf-8"),
               tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
               tag("title", title), tag("style", style))
    return f"<!doctype html>\n{tag('html', head, tag('body', *inside), lang='en')}\n"


def table_lines(table: Table) -> list[str]:
    """A table as lines of Markdown."""
    sides = ("---:" if n >= table.numbers else "---" for n in range(len(table.headings)))
    return [_row(table.headings), f"| {' | '.join(sides)} |", *(_row(row) for row in table.rows)]


def plain(words: str) -> str:
    """Words that Markdown takes for nothing but words."""
    return "".join(f"\\{letter}" if letter in "\\`*[]<|" else letter for letter in " ".join(words.split()))


def table_tag(table: Table) -> Safe:
    """A table as HTML that scrolls in itself where the page is narrow."""
    def row(cells: tuple[str, ...], name: str) -> Safe:
        return tag("tr", *(tag(name, words, class_="n" if n >= table.numbers else "code")
                           for n, words in enumerate(cells)))
    return tag("div", tag("table", row(table.headings, "th"), *(row(cells, "td") for cells in table.rows)), class_="scroll")


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(map(plain, cells))} |"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {plain(text)}"
        case Words(text, quiet):
            return f"*{plain(text)}*" if quiet else plain(text)
        case Points(points):
            return "\n".join(f"- **{plain(subject)}** {plain(text)}".rstrip() if subject else f"- {plain(text)}"
                             for subject, text in points)
        case Table():
            return "\n".join(table_lines(block)) if block.rows else ""
    return f"```mermaid\n{block.mermaid.rstrip()}\n```"


def _html(block: Block) -> Safe:
    match block:
        case Heading(text, level):
            return tag(f"h{level}", text)
        case Words(text, quiet):
            return tag("p", text, class_="note" if quiet else None)
        case Points(points):
            return tag("ul", *(tag("li", tag("b", f"{subject} ") if subject else None, text) for subject, text in points))
        case Table():
            return table_tag(block) if block.rows else Safe("")
    return tag("figure", block.figure, tag("figcaption", block.title))


def titled(title: str, *blocks: Block) -> tuple[Block, ...]:
    """Blocks under a heading of the third level; nothing where none of them says anything."""
    said = [block for block in blocks if not (isinstance(block, Points) and not block.points)
            and not (isinstance(block, Table) and not block.rows)]
    return (Heading(title, 3), *said) if said else ()
