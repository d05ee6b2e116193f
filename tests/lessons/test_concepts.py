"""docs/CONCEPTS.md is true: each row names a section of its lesson, and code that a cell of that section shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests import ROOT
from tools.lesson_cells import Lesson, parse_lesson, student_source

PAGE = (ROOT / "docs" / "CONCEPTS.md").read_text(encoding="utf-8")
LESSONS = {
    path.stem[:2]: parse_lesson(path.stem, path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "lessons").glob("*.py"))
}
HEADER, RULE = "| concept | section | cell |", "|---|---|---|"


@dataclass(frozen=True)
class Row:
    """One concept: where it is taught, and a piece of the code that shows it."""

    concept: str
    section: str
    code: str


def tables(page: str) -> dict[str, list[Row]]:
    """The rows below each heading `## NN · Title`, by the heading; a malformed table raises."""
    found: dict[str, list[Row]] = {}
    for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        heading, *lines = part.splitlines()
        header, rule, *rows = [line.strip() for line in lines if line.startswith("|")] or ["", ""]
        if (header, rule) != (HEADER, RULE) or heading in found:
            raise ValueError(f"below `## {heading}` there must be one table that begins with {HEADER}, got {header!r}")
        found[heading] = [_row(line) for line in rows]
    return found


def _row(line: str) -> Row:
    # In a table a `|` inside a cell is written `\|`.
    cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    if len(cells) != 3 or not all(cells) or not re.fullmatch(r"`[^`]+`", cells[2]):
        raise ValueError(f"a row is: | concept | section | `code` |, got {line!r}")
    return Row(cells[0], cells[1], cells[2].strip("`"))


def code_by_section(lesson: Lesson) -> dict[str, str]:
    """For each heading, the code between it and the next heading of its level or a higher one, as students get it."""
    code: dict[str, str] = {}
    path: dict[int, str] = {}  # level -> the heading that is open at this level
    for cell in lesson.cells:
        if cell.kind == "code":
            source = student_source(cell.source) if cell.exercise else cell.source
            for heading in path.values():
                code[heading] += source + "\n"
        else:
            for marks, heading in re.findall(r"^(#+) +(.+)$", cell.source, re.MULTILINE):
                path = {level: above for level, above in path.items() if level < len(marks)} | {len(marks): heading}
                code.setdefault(heading, "")
    return code


TABLES = tables(PAGE)
ROWS = [(heading[:2], row) for heading, rows in TABLES.items() for row in rows]


@pytest.mark.parametrize("number", LESSONS)
def test_every_lesson_has_its_table(number):
    rows = TABLES.get(LESSONS[number].title, [])
    assert len(rows) >= 5, f"docs/CONCEPTS.md lacks `## {LESSONS[number].title}` with a table"
    assert f"[Notebook](../{LESSONS[number].path(solved=False)})" in PAGE


def test_there_is_no_table_without_a_lesson():
    assert set(TABLES) <= {lesson.title for lesson in LESSONS.values()}


def test_no_concept_stands_twice_in_a_lesson():
    entries = [(number, row.concept) for number, row in ROWS]
    assert sorted({entry for entry in entries if entries.count(entry) > 1}) == []


@pytest.mark.parametrize(("number", "row"), ROWS, ids=[f"{number}-{row.concept[:40]}" for number, row in ROWS])
def test_a_cell_of_the_section_shows_the_concept(number, row):
    sections = code_by_section(LESSONS[number])
    assert row.section in sections, f"lesson {number} has no such heading"
    assert row.code in sections[row.section], f"no code cell of '{row.section}' holds `{row.code}`"


def test_a_section_ends_at_the_next_heading_of_its_level():
    text = """# %% [markdown]
# # 07 · Title
# %% [markdown]
# ## One
# %%
one = 1
# %% [markdown]
# ### Within one
# %% exercise="07.1"
### BEGIN SOLUTION
hidden = 2
### END SOLUTION
# %% [markdown]
# ## Two
# %%
three = 3
"""
    sections = code_by_section(parse_lesson("07_title", text))
    assert sections["One"].split("\n") == ["one = 1", "...", ""], "solutions are not shown to students"
    assert sections["Within one"] == "...\n"
    assert sections["Two"] == "three = 3\n"
    assert "three" in sections["07 · Title"]


MALFORMED = {
    "no table": "no table\n",
    "no marks around code": f"{HEADER}\n{RULE}\n| concept | section | code without marks |\n",
    "two cells": f"{HEADER}\n{RULE}\n| concept | section |\n",
    "empty cell": f"{HEADER}\n{RULE}\n| | section | `code` |\n",
    "heading twice": f"{HEADER}\n{RULE}\n\n## 07 · Title\n\n{HEADER}\n{RULE}\n",
    "other columns": "| concept | cell |\n|---|---|\n",
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_page_is_refused(content):
    with pytest.raises(ValueError, match="there must be one table|a row is"):
        tables("## 07 · Title\n\n" + content)


def test_a_row_may_hold_an_escaped_bar():
    page = f"## 07 · Title\n\n{HEADER}\n{RULE}\n" + r"| a | b | `f(\|x\|)` |" + "\n"
    assert tables(page) == {"07 · Title": [Row("a", "b", "f(|x|)")]}
