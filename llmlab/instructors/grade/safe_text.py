"""Text of a submission made safe to show: in a terminal, and in a table that a spreadsheet opens."""

from __future__ import annotations

import re
import unicodedata

_FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001  some spreadsheets take the wide ones, too
_AFTER_SEPARATOR = re.compile(r"([;|]\s*[\"']?)(?=[=+\-@＝＋－＠])")  # noqa: RUF001  another separator splits there


def shown(text: str) -> str:
    """Text on one line without anything that acts: no control character, none that turns or hides its neighbours.

    >>> shown("bob" + chr(27) + "[2J"), shown("a" + chr(0x202E) + "b"), shown("two\\nlines")
    ('bob<U+001B>[2J', 'a<U+202E>b', 'two lines')
    """
    lines = " ".join(str(text).split())
    return "".join(one if _harmless(one) else f"<U+{ord(one):04X}>" for one in lines)


def name_shown(name: str) -> str:
    """A name, such that two different ones never look the same by a space: "bob" and "bob ".

    >>> name_shown("bob "), name_shown("Ann  Lee"), name_shown("Ann Lee")
    ('bob<U+0020>', 'Ann <U+0020>Lee', 'Ann Lee')
    """
    kept = "".join(one if one == " " or not one.isspace() else f"<U+{ord(one):04X}>" for one in str(name))
    inner = kept.strip(" ")
    before, after = (len(kept) - len(kept.lstrip(" ")), len(kept) - len(kept.rstrip(" "))) if inner else (len(kept), 0)
    marked = re.sub(r"(?<= ) ", "<U+0020>", inner)
    return "<U+0020>" * before + shown(marked) + "<U+0020>" * after


def cell(text: str) -> str:
    """Text for a table: what a spreadsheet would take for a formula, with whatever separator, gets an apostrophe.

    >>> cell("=1+1"), cell("a;=1+1"), cell("3 - 2"), cell("no; -1 was expected")
    ("'=1+1", "a;'=1+1", '3 - 2', "no; '-1 was expected")
    """
    text = _AFTER_SEPARATOR.sub(r"\1'", text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _harmless(one: str) -> bool:
    return one == " " or unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
