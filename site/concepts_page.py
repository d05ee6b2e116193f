"""The table of concepts, with a link to each section that shows one."""

from __future__ import annotations

import re

from course_files import ROOT
from page_links import rewritten
from section_links import by_number, link

_HEADING = re.compile(r"^## (\d\d) · ")
_ROW = re.compile(r"^\| (?P<concept>.+?) \| (?P<section>.+?) \| (?P<cell>`.+`) \|$")


def concepts() -> str:
    """The page."""
    file = "docs/CONCEPTS.md"
    number, lines = None, []
    for line in rewritten((ROOT / file).read_text(encoding="utf-8"), file, "concepts.md").splitlines():
        if heading := _HEADING.match(line):
            number = heading[1]
        elif row := _ROW.match(line):
            place = link(by_number()[number], row["section"])
            line = f"| {row['concept']} | [{row['section']}]({place}) | {row['cell']} |"
        lines.append(line)
    return "\n".join(lines) + "\n"
