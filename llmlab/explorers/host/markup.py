"""The pieces of HTML that many pictures are made of: rows of numbers, tables, what scrolls, shades.

What is text of the learner's must be escaped before it comes here; only the names of numbers are escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import sqrt

DEEPEST = 0.75  # opacity of the strongest shade: a number on it can still be read


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


def heat(share: float) -> str:
    """Style of a cell's shade for a share from 0 to 1: none at 0, and as the root grows fast there, 0.1 is seen.

    >>> heat(0), heat(0.1), heat(1)
    ('opacity:0.00', 'opacity:0.24', 'opacity:0.75')
    """
    return f"opacity:{DEEPEST * sqrt(min(max(share, 0.0), 1.0)):.2f}"


def scrolling(label: str, content: str) -> str:
    """Something wide that scrolls by itself, also by keyboard; `label` is its name for a screen reader."""
    return f'<div class="llmlab-scroll" tabindex="0" role="group" aria-label="{label}">{content}</div>'
