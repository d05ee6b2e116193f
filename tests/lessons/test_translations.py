"""A translated lesson has the cells, the code and the numbers of the English one, and is no older than it.

docs/TRANSLATING.md says how one is made; how its notebooks are built is tested in test_translated_build.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import zip_longest

import build_notebooks
import pytest
from lesson_cells import Cell, Lesson, parse_lesson, solved_source, student_source, text_digest

from tests import ROOT, notebooks

LESSONS = build_notebooks.load_lessons(ROOT)
ORIGINALS = {lesson.name: lesson for lesson in LESSONS if lesson.language == "en"}
TRANSLATIONS = [lesson for lesson in LESSONS if lesson.language != "en"]
each_translation = pytest.mark.parametrize("lesson", TRANSLATIONS, ids=lambda one: f"{one.language}/{one.name}")

# A number, with points and commas; and the place of the minutes, which the build counts.
NUMBER = re.compile(r"\d+(?:[.,]\d+)*|\{minutes\}")
# What no translation changes in prose: inline code, formulas, and where links lead.
KEPT = re.compile(r"`[^`]+`|\$[^$]+\$|\]\([^)]+\)")


# The comparison


class _WithoutTexts(ast.NodeTransformer):
    """Takes the words out of code: of each text only its digits stay, so that an exercise's number still counts."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(digits(node.value)) if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Tuple:
        return ast.Tuple([self.visit(value) for value in node.values if isinstance(value, ast.FormattedValue)])

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.FormattedValue:
        node.value = self.visit(node.value)  # its format, such as .2f, stays
        return node


def digits(text: str) -> str:
    """The digits of a text, whatever stands between them: 0.5 and 0,5 are alike."""
    return " ".join(re.findall(r"\d+", text))


def skeleton(source: str) -> str:
    """Code without comments, docstrings and the words of its texts; names, numbers and structure stay."""
    code = re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)
    return ast.dump(_WithoutTexts().visit(ast.parse(code)))


def missing(one: str, other: str) -> set[str]:
    """Numbers, inline code, formulas and links of English prose that its translation has not."""
    lost = {number for number in NUMBER.findall(one) if not _forms(number) & set(NUMBER.findall(other))}
    kept, there = (set(KEPT.findall(" ".join(_unfenced(text).split()))) for text in (one, other))
    return lost | (kept - there)


def _forms(number: str) -> set[str]:
    """How a number may be written: as in English, with points and commas changed places, or with no commas at all."""
    return {number, number.translate(str.maketrans(".,", ",.")), number.replace(",", "")}


def _unfenced(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def differences(original: Lesson, translation: Lesson) -> Iterator[str]:
    """In what a translation differs from the English lesson but for its words."""
    for place, (one, other) in enumerate(zip_longest(original.cells, translation.cells), 1):
        if one is None or other is None:
            yield f"{len(translation.cells)} cells, where the English lesson has {len(original.cells)}"
            return
        where = f"cell {place} ({other.source.strip().partition(chr(10))[0]})"
        for what in ("kind", "exercise", "tags"):
            if getattr(one, what) != getattr(other, what):
                yield f"{where}: its {what} is {getattr(other, what)!r}, in English {getattr(one, what)!r}"
        if one.kind != other.kind:
            return  # from here on, cells are compared that do not belong together
        if one.kind == "code" and not _same_code(one, other):
            yield f"{where}: its code is another"
        elif one.kind == "markdown" and (lost := missing(one.source, other.source)):
            yield f"{where}: it lacks {', '.join(sorted(lost))}"


def _same_code(one: Cell, other: Cell) -> bool:
    views = (student_source, solved_source) if one.exercise and other.exercise else (str,)
    return all(skeleton(view(one.source)) == skeleton(view(other.source)) for view in views)


def outdated(translation: Lesson, english: str) -> str:
    """What to do if the English text is no longer the one that was translated; nothing if it is."""
    now, name = text_digest(english), translation.name
    if translation.translates == now:
        return ""
    file = f"lessons/{translation.language}/{name}.py"
    return (
        f"lessons/{name}.py has changed since {file} was translated from it. Bring over what has changed (`git log -p "
        f"lessons/{name}.py` shows it), let {file} begin with `# Translates lessons/{name}.py as of {now}`, and build: "
        f"python tools/build_notebooks.py {translation.language}/{name[:2]}"
    )


# The translations


def test_there_is_a_translation():
    assert TRANSLATIONS


@each_translation
def test_a_translation_has_the_cells_the_code_and_the_numbers_of_the_lesson(lesson):
    assert list(differences(ORIGINALS[lesson.name], lesson)) == []


@each_translation
def test_a_translation_is_of_todays_lesson(lesson):
    assert outdated(lesson, (ROOT / "lessons" / f"{lesson.name}.py").read_text(encoding="utf-8")) == ""


@pytest.mark.parametrize("solved", [False, True], ids=["student", "solved"])
@each_translation
def test_a_translated_notebook_computes_the_same_numbers(lesson, solved):
    shown = []
    for one in (ORIGINALS[lesson.name], lesson):
        cells = build_notebooks.read(notebooks().parent / one.path(solved)).cells
        compared = [cell for cell in cells if "nbval-ignore-output" not in cell.metadata.get("tags", ())]
        outputs = [cell.get("outputs", []) for cell in compared]
        shown.append([[digits(out.get("text", "")) for out in some if out.output_type == "stream"] for some in outputs])
    assert shown[1] == shown[0]
    assert sum(map(len, shown[0])) > 10


@pytest.mark.parametrize("solved", [False, True], ids=["student", "solved"])
@each_translation
def test_every_link_of_a_translated_notebook_leads_somewhere(lesson, solved):
    path = ROOT / lesson.path(solved)
    cells = build_notebooks.read(notebooks().parent / lesson.path(solved)).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert len(links) > 4
    assert [link for link in links if not (path.parent / link.partition("#")[0]).exists()] == []


# What must be seen

ENGLISH = """\
# %% [markdown]
# # 03 Sample
#
# About {minutes} minutes: 1,250 windows, a share of 0.25, `stride`, $T$, [02](02_byte_pair_encoding.ipynb).

# %% tags=["further"]
total = 4  # how many
print("stride", f"{total:.2f} windows of {total}")

# %% exercise="03.1"
def shift(ids):
    ### BEGIN SOLUTION
    return ids[1:]
    ### END SOLUTION


# %%
exercise("03.1").check(shift)
"""
GERMAN = """\
# Translates lessons/03_sample.py as of {digest}

# %% [markdown]
# # 03 Beispiel
#
# Ungefähr {minutes} Minuten: 1.250 Fenster, ein Anteil von 0,25, `stride`, $T$, [02](02_byte_pair_encoding.ipynb).

# %% tags=["further"]
total = 4  # wie viele
print("Schrittweite", f"{total:.2f} Fenster von {total}")

# %% exercise="03.1"
def shift(ids):
    ### BEGIN SOLUTION
    return ids[1:]
    ### END SOLUTION


# %%
exercise("03.1").check(shift)
"""


def translated(old: str = "", new: str = "") -> Lesson:
    assert not old or GERMAN.count(old) == 1
    text = GERMAN.replace(old, new) if old else GERMAN
    return parse_lesson("03_sample", text.replace("{digest}", text_digest(ENGLISH)), "de")


def test_words_and_comments_may_differ():
    assert list(differences(parse_lesson("03_sample", ENGLISH), translated())) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("total = 4", "summe = 4", "cell 2 (summe = 4  # wie viele): its code is another"),
        ("total = 4", "total = 5", "cell 2 (total = 5  # wie viele): its code is another"),
        ("{total:.2f}", "{total:.3f}", "its code is another"),
        ("return ids[1:]", "return ids[:-1]", "cell 3 (def shift(ids):): its code is another"),
        ('exercise("03.1").', 'exercise("03.2").', 'cell 4 (exercise("03.2").check(shift)): its code is another'),
        ('exercise="03.1"', 'exercise="03.2"', "its exercise is '03.2', in English '03.1'"),
        ('["further"]', '["further", "nbval-skip"]', "its tags is ('further', 'nbval-skip'), in English ('further',)"),
        ('\n# %%\nexercise("03.1").check(shift)\n', "", "3 cells, where the English lesson has 4"),
        ("# %%\nexercise(", "# %% [markdown]\n# exercise(", "its kind is 'markdown', in English 'code'"),
        ("0,25", "0,35", "it lacks 0.25"),
        ("1.250", "1.205", "it lacks 1,250"),
        ("{minutes}", "60", "it lacks {minutes}"),
        ("`stride`", "`schritt`", "it lacks `stride`"),
        ("$T$", "$t$", "it lacks $T$"),
        ("](02_", "](01_", "it lacks ](02_byte_pair_encoding.ipynb)"),
    ],
)
def test_any_other_difference_is_seen(old, new, said):
    (found,) = differences(parse_lesson("03_sample", ENGLISH), translated(old, new))
    assert said in found


def test_a_lesson_that_has_changed_since_is_named_with_the_remedy():
    assert outdated(translated(), ENGLISH) == ""
    changed = ENGLISH.replace("how many", "how many there are")
    said = outdated(translated(), changed)
    assert said.startswith("lessons/03_sample.py has changed since lessons/de/03_sample.py was translated from it.")
    assert f"`# Translates lessons/03_sample.py as of {text_digest(changed)}`" in said
