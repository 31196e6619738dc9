"""Markup by construction: a tag escapes whatever is not markup already, so that no text can break out of its place."""

from __future__ import annotations

import html

VOID = {"meta", "br"}


class Safe(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, /, *children: str | None, **attributes: str | float | None) -> Safe:
    """An element of HTML or SVG; `class_` is `class`, `stroke_width` is `stroke-width`, None is left out.

    >>> tag("p", "1 < 2 ", tag("b", "indeed"), class_="note")
    '<p class="note">1 &lt; 2 <b>indeed</b></p>'
    """
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(_text(value))}"'
                      for key, value in attributes.items() if value is not None)
    if name in VOID:
        return Safe(f"<{name}{written}>")
    return Safe(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: str | None) -> Safe:
    """Children side by side, each escaped unless it is markup."""
    return Safe("".join(child if isinstance(child, Safe) else html.escape(child) for child in children if child))


def _text(value: str | float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
