"""The glossary's table as definitions under their letters: each term has an address, and search finds it by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from course_files import ROOT
from section_links import by_number, link

_ROW = re.compile(r"^\| \*\*(.+?)\*\* \| (.+?) \| \[(\d\d) · (.+?)\]\([^)]*\) \| *(.*?) *\|$", re.MULTILINE)


def glossary() -> str:
    """The page.

    Raises:
        ValueError: a row of the table does not have the form of the others.
    """
    text = (ROOT / "docs" / "GLOSSARY.md").read_text(encoding="utf-8")
    rows = _ROW.findall(text)
    if len(rows) != text.count("\n| **"):
        raise ValueError(f"docs/GLOSSARY.md has {text.count(chr(10) + '| **')} terms, and only {len(rows)} can be read")
    lines = [
        "# Glossary\n\nThe words of the field that the course uses, each with the section that introduces it. "
        "No lesson uses a word before.\n"
    ]
    for letter, terms in groupby(sorted(rows, key=lambda row: row[0].casefold()), lambda row: row[0][0].upper()):
        lines += [f"## {letter}\n", "```{glossary}", *(line for row in terms for line in _entry(*row)), "```\n"]
    return "\n".join(lines)


def _entry(term: str, meaning: str, number: str, section: str, also: str) -> Iterator[str]:
    place = link(by_number()[number], section)
    shown = by_number()[number].title if section.startswith(f"{number} ·") else section
    yield term
    yield f"  {meaning.strip()}"
    yield ""
    yield f"  *{f'Also: {also}. ' if also else ''}Lesson* [{number} · {shown}]({place})"
    yield ""
