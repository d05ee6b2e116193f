"""docs/GLOSSARY.md and the lessons agree: a term is bold where it is introduced, and not used before that.

Headings, the titles of folded parts and those of papers announce a term, they do not use it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests import ROOT
from tools.lesson_cells import Lesson, parse_lesson

PAGE = (ROOT / "docs" / "GLOSSARY.md").read_text(encoding="utf-8")
LESSONS = {
    path.stem[:2]: parse_lesson(path.stem, path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "lessons").glob("*.py"))
}
ROW = re.compile(r"^\| \*\*(.+?)\*\* \| (.+?) \| \[(\d\d) · (.+?)\]\((.+?)\) \| (.*?) ?\|$", re.MULTILINE)
HEADING = re.compile(r"^(#{1,3}) (.+)$|^<details><summary>Further: ")
NOT_PROSE = re.compile(r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]+\$|\]\([^)]*\)", re.DOTALL)

# Everyday words that are terms as well: in these lessons, before their introduction, they are meant in the other sense.
EVERYDAY = {
    ("tail", "03"): "the end of a text that fills no window",
    ("bias", "05"): "T5's relative bias, a number added to a score",
}


@dataclass(frozen=True)
class Term:
    """A row of the glossary."""

    name: str
    means: str
    lesson: str
    section: str
    link: str
    others: tuple[str, ...]

    def pattern(self) -> re.Pattern[str]:
        """The term, in any of its names, as a word of its own; a plural counts."""
        names = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in (self.name, *self.others))
        return re.compile(rf"(?<![\w-])(?:{names})(?:s|es)?(?![\w-])", re.IGNORECASE)


TERMS = [Term(*row[:5], tuple(name.strip() for name in row[5].split(",") if name.strip())) for row in ROW.findall(PAGE)]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph or bullet of prose, and where it stands."""

    lesson: str
    sections: tuple[str, ...]
    opening: bool
    text: str


def paragraphs(lesson: Lesson) -> list[Paragraph]:
    """A lesson's prose in order; its first cell, title and goals, is its opening."""
    found: list[Paragraph] = []
    path: dict[int, str] = {}  # level -> the heading that is open at this level
    for place, cell in enumerate(lesson.cells):
        if cell.kind != "markdown":
            continue
        for text in re.split(r"\n\s*\n|\n(?=[-|] )", cell.source):
            heading = HEADING.match(text.strip())
            if heading and heading[1]:
                level = len(heading[1])
                name = heading[2].removeprefix(f"{lesson.name[:2]} · ")  # of a title without its number
                path = {above: other for above, other in path.items() if above < level} | {level: name}
            elif not heading and "Where this comes from" not in path.values():
                prose = NOT_PROSE.sub(" ", text)
                found.append(Paragraph(lesson.name[:2], tuple(path.values()), place == 0, prose))
    return found


PROSE = [paragraph for lesson in LESSONS.values() for paragraph in paragraphs(lesson)]


def is_introduced(term: Term, paragraph: Paragraph) -> bool:
    """Whether the term stands there in bold."""
    return any(term.pattern().search(bold) for bold in re.findall(r"\*\*(.+?)\*\*", paragraph.text, re.DOTALL))


def used_too_early(term: Term, prose: list[Paragraph]) -> list[str]:
    """Where a term is used before the paragraph that introduces it, without the words "lesson NN" beside it."""
    early = []
    for paragraph in prose:
        there = paragraph.lesson == term.lesson and term.section in paragraph.sections
        if there and is_introduced(term, paragraph):
            return early
        forward = re.search(r"\blessons?\s+\d\d", paragraph.text)
        exempt = paragraph.opening and paragraph.lesson == term.lesson
        if not (forward or exempt or (term.name, paragraph.lesson) in EVERYDAY) and term.pattern().search(
            paragraph.text
        ):
            early.append(f"{paragraph.lesson} · {paragraph.sections[-1]}: {' '.join(paragraph.text.split())[:160]}")
    return [f"never introduced in bold in {term.lesson} · {term.section}"]


def test_the_page_is_in_order_and_every_line_of_it_is_understood():
    names = [term.name for term in TERMS]
    assert len(TERMS) == len(re.findall(r"^\| \*\*", PAGE, re.MULTILINE)) >= 130
    assert names == sorted(names, key=str.casefold)
    spelled = [name.casefold() for term in TERMS for name in (term.name, *term.others)]
    assert sorted({name for name in spelled if spelled.count(name) > 1}) == []


@pytest.mark.parametrize("term", TERMS, ids=[term.name for term in TERMS])
def test_a_term_is_introduced_where_the_glossary_says_and_not_used_before(term):
    assert term.link == f"../notebooks/{LESSONS[term.lesson].name}.ipynb"
    assert used_too_early(term, PROSE) == []


def test_a_term_before_its_introduction_is_found():
    term = Term("merge rank", "…", "02", "Encode", "", ("rank",))
    early = Paragraph("01", ("Words",), False, "Here ranks decide.")
    goal = Paragraph("02", ("Title",), True, "- encode by rank")
    forward = Paragraph("01", ("Words",), False, "Ranks come in lesson 02.")
    home = Paragraph("02", ("Title", "Encode"), False, "The **merge rank** is its place in the list.")
    assert used_too_early(term, [goal, forward, home, early]) == []
    assert used_too_early(term, [early, home]) == ["01 · Words: Here ranks decide."]
    assert used_too_early(term, [goal]) == ["never introduced in bold in 02 · Encode"]


def test_an_everyday_sense_is_needed_only_where_the_word_stands():
    by_name = {term.name: term for term in TERMS}
    for name, lesson in EVERYDAY:
        assert any(one.lesson == lesson and by_name[name].pattern().search(one.text) for one in PROSE), (name, lesson)
