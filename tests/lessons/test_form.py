"""What every lesson has: minutes within a sitting, answers to its questions, an ending, cells worth reading."""

from __future__ import annotations

import ast
import re

import minutes
import pytest

from tests import ROOT
from tests.lessons.shared import Lesson
from tools.lesson_cells import Cell, parse_lesson, solved_source

LESSONS = {
    path.stem[:2]: parse_lesson(path.stem, path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "lessons").glob("*.py"))
}
HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)


def markdown(number: str) -> str:
    return "\n".join(cell.source for cell in LESSONS[number].cells if cell.kind == "markdown")


def section(text: str, heading: str) -> str:
    """What stands between a heading and the next one of its level or a higher one."""
    (start,) = [found for found in HEADING.finditer(text) if found[2].startswith(heading)]
    ends = [found.start() for found in HEADING.finditer(text, start.end()) if len(found[1]) <= len(start[1])]
    return text[start.end() : min(ends, default=len(text))]


@pytest.mark.parametrize("number", LESSONS)
def test_a_lesson_is_one_sitting_and_says_how_long_it_takes(number):
    counted = minutes.count(LESSONS[number])
    assert 30 <= counted.minutes <= minutes.LIMIT, counted
    assert LESSONS[number].cells[0].source.count(f"About {minutes.PLACE} minutes") == 1


def test_the_instructors_plan_has_the_minutes():
    assert minutes.table(list(LESSONS.values())) in (ROOT / "docs" / "INSTRUCTORS.md").read_text(encoding="utf-8")


def test_further_reading_and_a_second_look_take_no_minutes():
    text = """# %% [markdown]
# # 03 Title
# ●●○ · 6 minutes · for this
#
# <details><summary>Further: more</summary>
#
# not counted
# </details>
# %%
WindowMap()
# %% tags=["further"]
CacheMeter()
# %%
WindowMap(split=cut)
"""
    assert minutes.count(parse_lesson("03_title", text)) == minutes.Count(9, 2, 6, 1)


def asked_and_answered(text: str) -> list[tuple[str, int, int]]:
    """For each heading that begins with Predict: questions in its bullets, and bullets in the folded answers."""
    found = []
    places = [(place.start(), place[2]) for place in HEADING.finditer(text)]
    for number, (start, heading) in enumerate(places):
        if heading.startswith("Predict"):
            later = [place for place, _ in places[number + 1 :]]
            part = text[start : min(later, default=len(text))]
            folded = re.findall(r"<summary>What happened\?</summary>(.*?)</details>", part, re.DOTALL)
            asked = re.sub(r"<details>.*?</details>", "", part, flags=re.DOTALL)
            questions = sum("?" in bullet for bullet in re.findall(r"^- (?:.|\n(?!\n|- ))+", asked, re.MULTILINE))
            found.append((heading, questions, sum(len(re.findall(r"^- ", one, re.MULTILINE)) for one in folded)))
    return found


@pytest.mark.parametrize("number", LESSONS)
def test_every_prediction_is_answered(number):
    counted = asked_and_answered(markdown(number))
    assert counted
    for heading, questions, answers in counted:
        assert 0 < questions == answers, f"{heading}: {questions} questions, {answers} answers"


def test_an_unanswered_prediction_is_seen():
    folded = "<details><summary>What happened?</summary>\n\n- This.\n</details>\n"
    text = f"## Predict, then explore\n\n- What if?\n- And\n  then?\n\n{folded}"
    assert asked_and_answered(text) == [("Predict, then explore", 2, 1)]


@pytest.mark.parametrize("number", LESSONS)
def test_a_lesson_shows_its_explorer_early_and_again(number):
    code = [solved_source(cell.source) if cell.exercise else cell.source for cell in LESSONS[number].cells]
    shown = [
        (place, name)
        for place, source in enumerate(code)
        if LESSONS[number].cells[place].kind == "code"
        for name in minutes.explorers_in(source)
    ]
    names = {name for _, name in shown if name != "TrainingCurve"}  # that one needs a run that is under way
    assert names
    for name in names:
        places = [place for place, other in shown if other == name]
        assert len(places) > 1, f"{name} is shown once"
    assert min(place for place, _ in shown) < len(code) / 3


@pytest.mark.parametrize("number", [number for number in LESSONS if number != "00"])
def test_a_lesson_opens_with_three_questions_on_the_one_before(number):
    part = section(markdown(number), "Before we start: three questions on lesson")
    assert part.count("<details>") == 3


@pytest.mark.parametrize("number", LESSONS)
def test_a_lesson_ends_with_what_one_can_do_and_where_it_comes_from(number):
    text = markdown(number)
    assert len(re.findall(r"^- ", section(text, "You can now"), re.MULTILINE)) >= 3
    sources = section(text, "Where this comes from")
    assert re.search(r"\b(19|20)\d\d\b", sources)
    assert sources.count("**Read next") == 1


def drawing_lines(cell: Cell) -> int:
    """How many lines of a cell draw with matplotlib."""
    return sum(
        bool(re.search(r"\b(plt|axes|axis|ax|panel|panels|figure|fig)\b", line)) for line in cell.source.splitlines()
    )


@pytest.mark.parametrize("number", LESSONS)
def test_a_cell_holds_little_plotting_and_few_lines(number):
    for cell in LESSONS[number].cells:
        if cell.kind == "code" and not cell.exercise:
            assert drawing_lines(cell) <= 5, cell.source
            written = [line for line in cell.source.splitlines() if line.strip()]
            imports = all(line.startswith(("import", "from", "    ", ")")) for line in written)
            assert imports or len(written) <= 20, cell.source


@pytest.mark.parametrize("number", LESSONS)
def test_an_assertion_says_what_is_wrong(number):
    for cell in LESSONS[number].cells:
        if cell.kind == "code":
            source = re.sub(
                r"^(\s*)[%!].*$", r"\1pass", solved_source(cell.source) if cell.exercise else cell.source, flags=re.M
            )
            silent = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert) and node.msg is None]
            assert not silent, cell.source


@pytest.mark.parametrize("solved", [False, True], ids=["student", "solved"])
@pytest.mark.parametrize("number", LESSONS)
def test_no_output_is_only_true_or_false(number, solved):
    for cell in Lesson(number, solved).cells():
        words = "".join(output.get("text", "") for output in cell.outputs).split()
        assert not words or not set(words) <= {"True", "False"}, cell.source
