"""How the exercises look: the same words as plain text and as HTML.

Everything that a learner wrote is escaped. The HTML uses only tags and inline styles that JupyterLab keeps in an
untrusted notebook, inherits the text colour (light and dark themes), and says its state by a word and a sign, so that
the colour of the border adds nothing that is not written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

# kind -> (sign, word, colour of the border, tint of the background)
_LOOK = {
    "passed": ("✓", "passed", "#2e7d32", "rgba(46, 125, 50, 0.1)"),
    "failed": ("✗", "not yet", "#c62828", "rgba(198, 40, 40, 0.1)"),
    "error": ("!", "error", "#ef6c00", "rgba(239, 108, 0, 0.1)"),
    "not_attempted": ("○", "not attempted", "#757575", "rgba(117, 117, 117, 0.1)"),
    "note": ("→", "", "#1565c0", "rgba(21, 101, 192, 0.1)"),
}


def sign(kind: str) -> str:
    """The sign and the word of a status, for example "✓ passed"."""
    mark, word, _, _ = _LOOK[kind]
    return f"{mark} {word}".strip()


def as_text(kind: str, text: str, heading: str = "") -> str:
    """One block of plain text: sign, word and heading, then the text."""
    head = " ".join(filter(None, (sign(kind), heading)))
    return f"{head}: {text}"


def as_html(
    kind: str,
    text: str,
    heading: str = "",
    code: str = "",
    after: str = "",
    folded: Iterable[Note] = (),
    anchor: str = "",
) -> str:
    """The same as HTML: each line of `text` a paragraph as `spelled` has it, then `code` as a block, then `after`.

    What is `folded` stands below, closed: its heading opens it. A link `#anchor` leads here.
    """
    head = escape(" ".join(filter(None, (sign(kind), heading))))
    closed = "".join(
        f'<details style="margin: 4px 0px"><summary>{spelled(note.heading)}</summary>{_body(note)}</details>'
        for note in folded
    )
    return box(kind, f"<strong>{head}</strong>{_body(Note(heading, text, code, after))}{closed}", anchor)


def anchor_of(exercise: str) -> str:
    """Where links to an exercise lead. Plain letters: JupyterLab does not find a heading by a link with a "·"."""
    return f"exercise-{exercise}" if exercise else ""


def box(kind: str, content: str, anchor: str = "") -> str:
    """HTML in the frame of a status."""
    _, _, border, tint = _LOOK[kind]
    style = f"border-left: 4px solid {border}; background-color: {tint}; padding: 6px 12px; margin: 4px 0px"
    # JupyterLab looks for its own name of an id, other pages for the usual one.
    place = f'id="{escape(anchor)}" data-jupyter-id="{escape(anchor)}" ' if anchor else ""
    return f'<div {place}style="{style}">{content}</div>'


def spelled(text: str) -> str:
    """One line of text as HTML: `backticks` as code, and *asterisks* around words as emphasis.

    >>> spelled("Not `a *b* c`, but *each* of 2 * 3 * 4 < 25")
    'Not <code>a *b* c</code>, but <em>each</em> of 2 * 3 * 4 &lt; 25'
    """
    plain, *rest = re.split(r"`([^`]+)`", escape(text))
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return _emphasized(plain) + "".join(f"<code>{code}</code>{_emphasized(after)}" for code, after in pairs)


def _emphasized(text: str) -> str:
    # A word follows the first sign and one ends at the second: products, and what stands in quotes, stay as they are.
    return re.sub(r"(?<![^\s(])\*(?=\w)([^*]*[^*\s])\*(?![\w*])", r"<em>\1</em>", text)


def _body(note: Note) -> str:
    block = f'<pre style="margin: 8px 0px; white-space: pre-wrap">{escape(note.code)}</pre>' if note.code else ""
    return f"{_paragraphs(note.text)}{block}{_paragraphs(note.after)}"


def _paragraphs(text: str) -> str:
    lines = [spelled(line) for line in text.splitlines() if line.strip()]
    return "".join(f'<p style="margin: 4px 0px">{line}</p>' for line in lines)


@dataclass(frozen=True, repr=False)
class Note:
    """A hint or a solution: shown by a notebook, printed as text elsewhere.

    Attributes:
        heading: what it is, "Hint 1 of 3".
        text: what it says.
        code: source code to show, may be empty.
        after: what follows the code, may be empty.
    """

    heading: str
    text: str
    code: str = ""
    after: str = ""

    def __repr__(self) -> str:
        return "\n".join(filter(None, (as_text("note", self.text, self.heading), self.code, self.after)))

    def _repr_html_(self) -> str:
        return as_html("note", self.text, self.heading, self.code, self.after)
