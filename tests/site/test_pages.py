"""What becomes of the course's texts on their way to the site: lessons, exercises, links, formulas, pictures."""

from __future__ import annotations

import base64
import doctest
import re
import xml.etree.ElementTree as ElementTree
from html import escape
from pathlib import Path

import addresses
import concepts_page
import course_files
import docstrings
import exercise_cards
import explorer_boxes
import explorer_pages
import explorer_sheets
import frames_table
import glossary_page
import home_parts
import lesson_pages
import mathml
import nbformat
import page_links
import pictures
import pytest
import section_links
import text_pages
import verdicts_forms
from address import launch_links, public_address
from course_files import lessons
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from llmlab import explorers
from llmlab.exercises import exercise
from llmlab.exercises.engine.catalogue import listed
from tests.site.live import ROOT

LESSONS = lessons()
NAMES = [lesson.name for lesson in LESSONS]
ADA = "ada/course"

each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)


@pytest.fixture
def published(monkeypatch):
    """A copy of the course that has a public address."""
    monkeypatch.setattr(addresses, "public_address", lambda: ADA)


@pytest.fixture
def unpublished(monkeypatch):
    """A copy of the course that has none."""
    monkeypatch.setattr(addresses, "public_address", lambda: None)


def text_of(notebook: nbformat.NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize(
    "module", [docstrings, explorer_pages, explorer_sheets, mathml], ids=lambda module: module.__name__
)
def test_examples_in_the_docstrings_hold(module):
    done = doctest.testmod(module)
    assert done.attempted > 0 and done.failed == 0


# Lessons


def test_there_is_a_page_for_each_lesson():
    assert NAMES == sorted(path.stem for path in (ROOT / "lessons").glob("*.py"))


@each_lesson
def test_a_page_keeps_all_code_and_all_that_it_printed(lesson):
    """All but what installs the course, what waits for an answer (its card shows that), and checks of it."""
    kept = [
        (cell.source, [output.text for output in cell.outputs if output.output_type == "stream"])
        for cell in lesson.notebook.cells
        if cell.cell_type == "code"
        and "exercise" not in cell.metadata
        and not re.match(r"# A fresh Colab|progress\(|exercise\([^)]*\)\.check\(", cell.source)
    ]
    shown = [
        (cell.source, [output.text for output in cell.outputs if output.output_type == "stream"])
        for cell in lesson_pages.page(lesson).cells
        if cell.cell_type == "code"
    ]
    assert len(kept) > 15 and shown == kept


@each_lesson
def test_a_page_keeps_all_prose(lesson):
    """Every paragraph is there, but for navigation, calls of hints, and what a task says of the cell for the answer."""
    page = text_of(lesson_pages.page(lesson)).replace('<details class="further">', "<details>")
    lost = []
    for cell in lesson.notebook.cells[1:-1]:
        if cell.cell_type == "markdown":
            text = page_links.rewritten(cell.source, f"notebooks/{lesson.name}.ipynb", f"lessons/{lesson.name}.ipynb")
            for id in re.findall(r"^### Exercise ([\d.]+)", text, re.MULTILINE):
                text = verdicts_forms.prompt_for_page(id, text)
            lost += [part for part in text.split("\n\n") if part.strip() not in page]
    assert all(
        part.startswith(("●", 'Stuck? `exercise("')) or exercise_cards._FOR_A_CELL.match(part) for part in lost
    ), lost
    assert "Contents]" not in page and "Solved version" not in page


@each_lesson
def test_a_page_has_every_exercise_once_with_its_cell_and_its_hints(lesson):
    page = text_of(lesson_pages.page(lesson))
    ids = list(listed(lesson.number))
    assert re.findall(r'data-task="([\d.]+)"', page) == ids
    for id, card in zip(ids, re.split(r"^### Exercise", page, flags=re.MULTILINE)[1:], strict=True):
        (stub,) = (cell.source for cell in lesson.notebook.cells if cell.metadata.get("exercise") == id)
        assert f"```python\n{stub}\n```" in card
        for number, hint in enumerate(exercise(id).hints, 1):
            assert f"<details><summary>Hint {number} of 3</summary>\n\n{hint}\n\n</details>" in card


@each_lesson
def test_predictions_and_choices_are_answered_in_the_page_and_code_is_not(lesson):
    page = text_of(lesson_pages.page(lesson))
    kinds = dict(re.findall(r"^### Exercise ([\d.]+) .+\n\n●.+ · ([^·\n]+)$", text_of(lesson.notebook), re.MULTILINE))
    here = set(listed(lesson.number)) & verdicts_forms.FORMS.keys()
    asked = {id for id, kind in kinds.items() if kind in ("predict", "choose and explain")}
    assert set(kinds) == set(listed(lesson.number)) and asked <= here | verdicts_forms.IN_NOTEBOOK
    assert set(re.findall(r'<div class="llmlab-exercise" data-exercise="([\d.]+)">', page)) == here


@each_lesson
def test_every_explorer_has_its_place_with_its_picture_inside(lesson):
    stills = [
        (match[0], output.data["text/html"])
        for cell in lesson.notebook.cells
        for output in cell.get("outputs", ())
        if '<div class="llmlab-explorer">' in output.get("data", {}).get("text/html", "")
        and (match := re.match(r"\w+", output.data["text/plain"]))
    ]
    boxes = [
        output.data["text/html"]
        for cell in lesson_pages.page(lesson).cells
        for output in cell.get("outputs", ())
        if "data-explorer" in output.get("data", {}).get("text/html", "")
    ]
    assert len(stills) >= 2 and len(boxes) == len(stills)
    for (name, _), box in zip(stills, boxes, strict=True):
        assert box.startswith(f'<div class="llmlab-explorer" data-explorer="{name}" data-lesson="{lesson.number}">')
        assert "<style" not in box and "run this cell" not in box
        assert words_of(frames_table.made(name).frame["text"], escaped=True) in words_of(box)


def words_of(html: str, escaped: bool = False) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", escape(html) if escaped else html).split())


@pytest.mark.parametrize("name", explorers.__all__)
def test_the_picture_in_a_page_is_the_live_explorers_first(name):
    """All of it but what its script reads, and nothing that only a keyboard or a finger could use."""
    explorer, box = frames_table.made(name), explorer_boxes.box(name)
    for part in ("html", "why"):
        tags = [re.sub(r"""\sdata-\w+(=("[^"]*"|'[^']*'))?""", "", tag) for tag in tags_of(explorer.frame[part])]
        shown = [re.sub(r"""\sdata-\w+(=("[^"]*"|'[^']*'))?""", "", tag) for tag in tags_of(box)]
        assert " ".join(link_free(tags)) in " ".join(link_free(shown))
    assert not re.search(r"data-(set|spin|key|group|sweep)\b", box)
    styled = re.findall(r"data-(?:tip|[kp])\b", explorer.frame["html"])
    assert re.findall(r"data-(?:tip|[kp])\b", box)[: len(styled)] == styled


def tags_of(html: str) -> list[str]:
    return re.findall(r"""<(?:[^<>"']|"[^"]*"|'[^']*')+>""", html)


def link_free(tags: list[str]) -> list[str]:
    return [re.sub(r'href="[^"]*"', "href", tag) for tag in tags]


def test_an_explorer_that_runs_the_learners_code_says_that_it_runs_the_courses_here():
    still = '<div class="llmlab-explorer"><p><strong>Window map</strong> <em>(run it)</em></p><p>picture</p></div>'
    output = new_output("execute_result", {"text/html": still, "text/plain": "WindowMap()"})
    for source, said in (("WindowMap()", False), ("x = WindowMap(windows=mine)\nx", True)):
        box = lesson_pages._output(output, new_code_cell(source), LESSONS[3]).data["text/html"]
        assert ("the course’s own code" in box) is said


@pytest.mark.parametrize(
    ("stub", "check"),
    [
        ({}, 'exercise("03.1").check(x)'),
        ({"exercise": "03.2"}, 'exercise("03.1").check(x)'),
        ({"exercise": "03.1"}, "x"),
    ],
    ids=["a cell without an exercise", "another exercise's cell", "no check"],
)
def test_an_exercise_without_its_cell_and_its_check_is_refused(stub, check):
    text = "### Exercise 03.1 · Title\n\n●○○ · 2 minutes · for this · predict\n\nTask"
    cells = [new_markdown_cell(text), new_code_cell("x = ...", metadata=stub), new_code_cell(check)]
    lesson = course_files.Lesson("03_sliding_window", "Windows", 70, nbformat.v4.new_notebook(cells=cells))
    with pytest.raises(ValueError, match=r"03_sliding_window: .*03\.1 is not followed by its cell"):
        lesson_pages.page(lesson)


def test_an_exercise_without_its_facts_is_refused():
    with pytest.raises(ValueError, match="opens with its heading and its line of facts, got '### Exercise 03.1"):
        exercise_cards.task("### Exercise 03.1 · Title\n\nTask")


@pytest.mark.parametrize("opening", ["# Title\n\nAbout 50 minutes.", "# 03 · Title"])
def test_a_notebook_without_a_title_or_its_minutes_is_refused(opening):
    with pytest.raises(ValueError, match=r"notebooks/03_x\.ipynb does not open with"):
        course_files._lesson("03_x", nbformat.v4.new_notebook(cells=[new_markdown_cell(opening)]))


def test_links_in_a_first_picture_lead_to_pages(monkeypatch):
    html = '<p>x</p><a href="01_tokenization.ipynb" rel="noopener">lesson 01</a>'
    monkeypatch.setattr(explorer_boxes, "_first", lambda name: ("Window map", html, "", "words"))
    assert '<a href="../lessons/01_tokenization.html" rel="noopener">' in explorer_boxes.box("WindowMap", "00")
    assert '<a href="lessons/01_tokenization.html" rel="noopener">' in explorer_boxes.box("WindowMap", root="")


def test_every_explorer_has_style_sheets_or_only_those_of_all():
    folders = {name: explorer_sheets.folders_of(f'<p data-explorer="{name}">') for name in explorers.__all__}
    assert all((explorer_sheets.EXPLORERS / folder[0] / "explorer.py").exists() for folder in folders.values())


def test_a_page_says_the_minutes_that_the_lesson_says():
    for lesson in LESSONS:
        assert f"About {lesson.minutes} minutes" in text_of(lesson.notebook)
        assert f"<b>{lesson.minutes} minutes · {len(listed(lesson.number))} exercises</b>" in text_of(
            lesson_pages.page(lesson)
        )


@each_lesson
def test_the_head_of_a_lesson_leads_to_what_is_answered_in_the_page(lesson):
    (head,) = re.findall(r'<div class="lesson-bar">.*?</div>', text_of(lesson_pages.page(lesson)))
    here = [id for id in listed(lesson.number) if id in verdicts_forms.FORMS]
    assert re.findall(r'<a href="#exercise-\d\d-\d">([\d.]+)</a>', head) == here
    assert ("answer here (" in head) is bool(here) and "download the notebook" in head


@each_lesson
def test_a_block_of_imports_is_folded_and_other_code_is_not(lesson):
    folded, open_ones = [], []
    for cell in lesson_pages.page(lesson).cells:
        if cell.cell_type == "code" and "remove-input" not in cell.metadata.get("tags", ()):
            (folded if "hide-cell" in cell.metadata.get("tags", ()) else open_ones).append(cell.source)
    code = [re.sub(r"\([^)]*\)|#.*", "", source) for source in open_ones]
    assert code and not [one for one in code if all(re.match(r"from|import|$", line) for line in one.splitlines())]
    assert all("import" in one or "further" in str(lesson.notebook) for one in folded)


# Addresses


def test_links_open_what_the_notebook_links_to():
    path = f"notebooks/{NAMES[3]}.ipynb"
    opening = launch_links(ADA, path)
    assert f"({addresses.colab(ADA, NAMES[3])})" in opening
    assert f"({addresses.binder(ADA, NAMES[3])})" in opening
    assert addresses.public_address() == public_address(addresses.ROOT)


def test_without_a_public_address_no_reader_is_offered_what_needs_one(unpublished):
    texts = [text_of(lesson_pages.page(lesson)) for lesson in LESSONS]
    texts += [text for name, text in text_pages.texts() if name in ("index.md", "start.md")]
    assert len(texts) == len(LESSONS) + 2
    for text in texts:
        assert not re.search(r"colab\.research|mybinder|github\.com", text)
        assert not re.search(r"public address|make links|lessons/\d\d_\w+\.py", text)
        assert not re.search(r"Colab|Binder", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    assert "make links REPO=owner/name" in dict(text_pages.texts())["instructors.md"]


def test_a_lesson_with_a_public_address_links_to_it(published):
    page, name = text_of(lesson_pages.page(LESSONS[3])), NAMES[3]
    assert "public address" not in page
    assert "Open lesson 00 in Colab" in home_parts.filled("<!-- launch -->")
    assert "start.md#colab-or-binder" in home_parts.filled("<!-- launch-way -->")
    for url in (
        f"https://colab.research.google.com/github/{ADA}/blob/main/notebooks/{name}.ipynb",
        f"https://mybinder.org/v2/gh/{ADA}/HEAD?urlpath=lab/tree/notebooks/{name}.ipynb",
        f"https://github.com/{ADA}/edit/main/lessons/{name}.py",
    ):
        assert f'href="{url}"' in page
    assert (ROOT / "lessons" / f"{name}.py").exists()


# Links


@pytest.mark.parametrize(
    ("link", "becomes"),
    [
        ("[a](GLOSSARY.md)", "[a](glossary.md)"),
        ("[a](../notebooks/03_sliding_window.ipynb)", "[a](lessons/03_sliding_window.ipynb)"),
        ("[a](../README.md)", "[a](start.md)"),
        ("[a](CONCEPTS.md#there)", "[a](concepts.md#there)"),
        ("[a](https://example.org/GLOSSARY.md)", "[a](https://example.org/GLOSSARY.md)"),
        ("[a](#here)", "[a](#here)"),
        ("![a](images/speed.svg)", "![a](images/speed.svg)"),
        ("[lock](../requirements.lock)", "lock (`requirements.lock`)"),
        ("[docs/STYLE.md](STYLE.md)", "docs/STYLE.md"),
        ("[a](../notebooks/solutions/03_sliding_window.ipynb)", "a (`notebooks/solutions/03_sliding_window.ipynb`)"),
    ],
)
def test_links_of_the_repository_become_links_of_the_site(link, becomes, unpublished):
    assert page_links.rewritten(link, "docs/INSTRUCTORS.md", "instructors.md") == becomes


def test_a_file_that_is_no_page_is_linked_at_the_public_address(published):
    link = page_links.rewritten("[lock](../requirements.lock)", "docs/INSTRUCTORS.md", "instructors.md")
    assert link == f"[lock](https://github.com/{ADA}/blob/main/requirements.lock)"


def test_a_section_that_a_lesson_does_not_have_is_refused():
    with pytest.raises(KeyError, match=r"lesson 03 has no section 'Nowhere'; it has .*Slide the window"):
        section_links.link(LESSONS[3], "Nowhere")


def test_every_term_of_the_glossary_is_on_its_page():
    terms = re.findall(r"^\| \*\*(.+?)\*\*", (ROOT / "docs" / "GLOSSARY.md").read_text(encoding="utf-8"), re.MULTILINE)
    page = glossary_page.glossary()
    assert len(terms) > 100
    assert [term for term in terms if f"\n{term}\n  " not in page] == []


def test_a_glossary_that_cannot_be_read_is_refused(tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "GLOSSARY.md").write_text("| term |\n|---|\n| **one** | two columns |\n", encoding="utf-8")
    monkeypatch.setattr(glossary_page, "ROOT", tmp_path)
    with pytest.raises(ValueError, match="has 1 terms, and only 0 can be read"):
        glossary_page.glossary()


def test_every_concept_is_linked_to_its_section():
    rows = re.findall(r"^\| .+ \| .+ \| `.+` \|$", (ROOT / "docs" / "CONCEPTS.md").read_text(encoding="utf-8"), re.M)
    linked = re.findall(r"^\| .+ \| \[.+\]\(lessons/\d\d_\w+\.ipynb#?.*\) \| `.+` \|$", concepts_page.concepts(), re.M)
    assert len(linked) == len(rows) > 200


def test_the_home_page_lists_every_lesson_with_its_goal():
    listed_lessons = home_parts.filled("<!-- lessons -->")
    assert re.findall(r'<a href="lessons/(\w+)\.html">', listed_lessons) == NAMES
    assert len(re.findall(r'<span class="lesson-goal">[A-Z].+\.</span>', listed_lessons)) == len(NAMES)


def test_every_explorer_has_a_page_and_a_card():
    made = dict(explorer_pages.explorer_pages())
    assert set(explorer_boxes.where_shown()) == set(explorers.__all__)
    for name in explorers.__all__:
        file = explorer_pages.file_of(name)
        assert f'data-explorer="{name}" data-lesson=""' in made[f"explorers/{file}.md"]
        assert f'<a href="{file}.html"><img src="../_static/explorer_pictures/{file}.png"' in made["explorers/index.md"]


@pytest.mark.parametrize("name", explorers.__all__)
def test_an_explorer_is_called_the_same_on_its_page_on_its_card_and_in_its_box(name):
    made, title = dict(explorer_pages.explorer_pages()), frames_table.made(name).title
    page = made[f"explorers/{explorer_pages.file_of(name)}.md"]
    assert page.startswith(f"# {title}\n") and f'<p class="llmlab-title">{title}</p>' in page
    assert f"<b>{title}</b>" in made["explorers/index.md"]


def test_the_home_page_says_for_whom_and_how_long_before_anything_else_is_offered():
    home = dict(text_pages.texts())["index.md"]
    facts = home.index('<ul class="facts">')
    assert home.index("# See inside") < facts < home.index("Start with lesson 00") < home.index("data-explorer")
    hours = round(sum(lesson.minutes for lesson in LESSONS) / 60)
    assert re.search(rf"<b>For whom</b> .+<b>How long</b> {len(LESSONS)} lessons of about an hour, {hours} hours", home)


# Formulas and pictures


@each_lesson
def test_every_formula_becomes_mathml(lesson):
    text = re.sub(r"```.*?```|`[^`]*`", "", text_of(lesson.notebook), flags=re.DOTALL)
    formulas = re.findall(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", text, re.DOTALL)
    for shown, inline in formulas:
        markup = mathml.mathml(shown or inline, "block" if shown else "inline")
        words = "".join(ElementTree.fromstring(markup).itertext())
        assert words and "\\" not in words, (shown or inline, words)


def test_the_name_of_a_function_does_not_run_into_its_letters():
    space = '<mspace width="0.167em" />'
    shown = mathml.mathml(r"\sin a \sin b + \cos(a - b)")
    assert f"<mi>sin</mi>{space}<mi>a</mi>{space}<mi>sin</mi>{space}<mi>b</mi><mo>" in shown
    assert "<mi>cos</mi><mo" in shown and mathml.mathml(r"-\ln V").count(space) == 1


def test_a_sign_below_in_a_formula_is_text_and_no_tag():
    assert "a&#x000A0;&lt;&#x000A0;b" in mathml.mathml(r"\text{a < b}")


def test_a_picture_becomes_a_file_of_its_own_size(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "STATIC", tmp_path)
    svg = '<?xml version="1.0"?>\n<svg width="90pt" height="45.6pt" viewBox="0 0 90 45.6"><rect width="9"/></svg>'
    source = base64.b64encode(svg.encode()).decode()
    image = f'<img class="x" alt="A bar." style="max-width: 100%" src="data:image/svg+xml;base64,{source}">'
    html = f"<style>p {{}}</style>{image}"
    (file,) = re.findall(r'src="\.\./_static/(.+?)"', pictures.with_files(html))
    assert (tmp_path / file).read_text(encoding="utf-8") == svg
    assert pictures.with_files(html) == (
        f'<img class="x" alt="A bar." width="120" height="61" loading="lazy" src="../_static/{file}">'
    )


def test_what_has_not_changed_is_not_written_again(tmp_path):
    path = Path(tmp_path) / "folder" / "file"
    course_files.write(path, "one")
    path.touch()
    before = path.stat().st_mtime_ns
    course_files.write(path, "one")
    assert path.stat().st_mtime_ns == before
    course_files.write(path, "two")
    assert path.read_text() == "two"


def test_the_code_that_a_modules_docstring_shows_is_code_on_its_page():
    lines = ["Chat.", "", "    model = a | b", "", "    train(model)", "", "What is `here`: a | b."]
    docstrings.rewrite(None, "module", "llmlab.tuning", None, None, lines)
    assert lines == [
        *lines[:2],
        "::",
        "",
        "    model = a | b",
        "",
        "    train(model)",
        "",
        "What is ``here``: a \\| b.",
    ]
    inner = ["Args:", "    a: the `first` | the second"]
    docstrings.rewrite(None, "function", "llmlab.tuning.f", None, None, inner)
    assert inner == ["Args:", "    a: the ``first`` \\| the second"]
