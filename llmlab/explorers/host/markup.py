"""The pieces of HTML that many pictures are made of: rows of numbers, tables, what scrolls, images.

What is text of the learner's must be escaped before it comes here; only the names of numbers are escaped here.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape


def numbers(facts: Mapping[str, object]) -> str:
    """One line of named numbers: `bytes 81 · tokens 64`."""
    spans = " · ".join(f"<span>{escape(name)} <b>{value}</b></span>" for name, value in facts.items())
    return f'<div class="llmlab-numbers">{spans}</div>'


def cell(value: object) -> str:
    """A cell of a table with its content at the right, as numbers stand."""
    return f'<td class="llmlab-number">{value}</td>'


def table(rows: str, *, head: str, kind: str = "", caption: str = "") -> str:
    """A table with the shared lines.

    Args:
        rows: its <tr> elements.
        head: the cells of its first row.
        kind: a class of the explorer's own sheet.
        caption: what stands above it.
    """
    own_class = f" {kind}" if kind else ""
    title = f"<caption>{caption}</caption>" if caption else ""
    return f'<table class="llmlab-grid{own_class}">{title}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def scrolling(label: str, content: str) -> str:
    """Something wide that scrolls by itself, also by keyboard; `label` is its name for a screen reader."""
    return f'<div class="llmlab-scroll" tabindex="0" role="group" aria-label="{label}">{content}</div>'


def image(drawing: str, *, alt: str, width: int, height: int, kind: str = "") -> str:
    """An SVG as an <img>: it does not see the page's theme there, so it brings its own white ground.

    Args:
        drawing: the elements inside <svg>.
        alt: what the picture says, as plain text.
        width, height: in pixels.
        kind: a class for the <img>.
    """
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        f'font-size="12" fill="#1a1a1a"><rect width="100%" height="100%" fill="#ffffff"/>{drawing}</svg>'
    )
    source = base64.b64encode(svg.encode()).decode("ascii")
    own_class = f'class="{kind}" ' if kind else ""
    return (
        f'<img {own_class}alt="{escape(alt)}" width="{width}" height="{height}" '
        f'src="data:image/svg+xml;base64,{source}">'
    )
