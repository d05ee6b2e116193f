"""How translated lessons become notebooks: where they stand, what they link to, in which words. Nothing is executed."""

from __future__ import annotations

import shutil
from pathlib import Path

import build_notebooks
import languages
import links
import pytest
from address import PLACEHOLDER, public_address
from lesson_cells import LessonError, text_digest
from nbformat import NotebookNode

from tests.lessons.test_translations import ENGLISH, GERMAN

NEXT = "# %% [markdown]\n# # 04 Next\n#\n# {minutes} [03](03_sample.ipynb) [05](05_other.ipynb)\n"
PYPROJECT = '[project.urls]\nRepository = "https://github.com/owner/name"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course of two lessons, the first of them translated."""
    (tmp_path / "lessons/de").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (tmp_path / "lessons/03_sample.py").write_text(ENGLISH, encoding="utf-8")
    (tmp_path / "lessons/04_next.py").write_text(NEXT, encoding="utf-8")
    translation(tmp_path, "03_sample", GERMAN.replace("{digest}", text_digest(ENGLISH)))
    return tmp_path


def translation(root: Path, name: str, text: str) -> None:
    (root / f"lessons/de/{name}.py").write_text(text, encoding="utf-8")


def plan(root: Path) -> dict[str, NotebookNode]:
    return build_notebooks.planned(root, build_notebooks.load_lessons(root))


def test_a_translation_becomes_two_notebooks_in_the_folder_of_its_language(root):
    english = {f"notebooks/{kind}{name}.ipynb" for kind in ("", "solutions/") for name in ("03_sample", "04_next")}
    german = {"notebooks/de/03_sample.ipynb", "notebooks/de/solutions/03_sample.ipynb"}
    assert set(plan(root)) == english | german


def test_a_neighbour_that_is_not_translated_is_linked_in_english(root):
    planned = plan(root)
    student, solved = (planned[f"notebooks/de/{kind}03_sample.ipynb"].cells[-1].source for kind in ("", "solutions/"))
    assert student == "[Inhalt](../../README.md) · [04 Next (auf Englisch) →](../04_next.ipynb)"
    assert solved == "[Inhalt](../../../README.md) · [04 Next (auf Englisch) →](../../solutions/04_next.ipynb)"


def test_a_neighbour_that_is_translated_is_linked_in_its_language(root):
    digest = text_digest(NEXT)
    translation(root, "04_next", f"# Translates lessons/04_next.py as of {digest}\n{NEXT.replace('Next', 'Weiter')}")
    third, fourth = plan(root)["notebooks/de/03_sample.ipynb"], plan(root)["notebooks/de/solutions/04_next.ipynb"]
    assert third.cells[-1].source == "[Inhalt](../../README.md) · [04 Weiter →](04_next.ipynb)"
    assert fourth.cells[-1].source == "[← 03 Beispiel](03_sample.ipynb) · [Inhalt](../../../README.md)"
    english = plan(root)["notebooks/03_sample.ipynb"].cells[-1].source
    assert english == "[Contents](../README.md) · [04 Next →](04_next.ipynb)"


def test_a_link_to_a_lesson_leads_to_its_translation_or_to_the_english_notebook(root):
    digest = text_digest(NEXT)
    translation(root, "04_next", f"# Translates lessons/04_next.py as of {digest}\n{NEXT}")
    for path in ("notebooks/de/04_next.ipynb", "notebooks/04_next.ipynb", "notebooks/de/solutions/04_next.ipynb"):
        text = plan(root)[path].cells[1].source
        assert "[03](03_sample.ipynb)" in text and "[05](05_other.ipynb)" in text, "no lesson 05: the link stays"
    (root / "lessons/de/03_sample.py").unlink()
    assert "[03](../03_sample.ipynb)" in plan(root)["notebooks/de/04_next.ipynb"].cells[1].source
    text = plan(root)["notebooks/de/solutions/04_next.ipynb"].cells[1].source
    assert "[03](../../solutions/03_sample.ipynb)" in text


def test_the_opening_speaks_its_language_and_links_the_english_lesson(root):
    student, solved = (plan(root)[f"notebooks/de/{path}03_sample.ipynb"].cells for path in ("", "solutions/"))
    colab = "(https://colab.research.google.com/github/owner/name/blob/main/notebooks/de/03_sample.ipynb)"
    start = f"[Mit Lösungen](solutions/03_sample.ipynb) · [auf Englisch](../03_sample.ipynb) · [In Colab öffnen]{colab}"
    assert start in student[0].source
    assert "(../../solutions/03_sample.ipynb)" in solved[0].source
    assert "das [Notebook ohne Lösungen](../03_sample.ipynb)" in solved[0].source
    (set_up,) = [cell.source for cell in student if "course.setup(" in cell.source]
    assert set_up.startswith("# Auf einem frischen Colab-Rechner") and "git+https://github.com/owner/name" in set_up


def test_a_translation_takes_the_minutes_of_its_lesson(root):
    more = ENGLISH + "\n# %% [markdown]\n#" + " word" * 3000 + "\n"
    (root / "lessons/03_sample.py").write_text(more, encoding="utf-8")
    assert "About 20 minutes" in plan(root)["notebooks/03_sample.ipynb"].cells[1].source
    assert "Ungefähr 20 Minuten" in plan(root)["notebooks/de/03_sample.ipynb"].cells[1].source


def test_the_solutions_are_those_of_the_english_lessons(root):
    before = build_notebooks.solutions(build_notebooks.load_lessons(root))
    text = (root / "lessons/de/03_sample.py").read_text(encoding="utf-8")
    translation(root, "03_sample", text.replace("return ids[1:]", "return ids[1:]  # ohne das erste"))
    assert build_notebooks.solutions(build_notebooks.load_lessons(root)) == before


@pytest.mark.parametrize(
    ("wanted", "built"),
    [
        ("03", ["03_sample", "solutions/03_sample"]),
        ("de/03", ["de/03_sample", "de/solutions/03_sample"]),
        ("lessons/de/03_sample.py", ["de/03_sample", "de/solutions/03_sample"]),
        ("notebooks/de/03_sample.ipynb", ["de/03_sample", "de/solutions/03_sample"]),
        ("lessons/03_sample.py", ["03_sample", "solutions/03_sample"]),
    ],
)
def test_a_lesson_is_chosen_with_its_language(root, wanted, built):
    chosen = build_notebooks.select(plan(root), [wanted])
    assert list(chosen) == [f"notebooks/{name}.ipynb" for name in built]


@pytest.mark.parametrize("wanted", ["de/04", "fr/03"])
def test_a_lesson_that_is_not_translated_is_refused(root, wanted):
    with pytest.raises(build_notebooks.BuildError, match=f"there is no lesson {wanted} in lessons/"):
        build_notebooks.select(plan(root), [wanted])


@pytest.mark.parametrize(
    "first", ["", "# Translates lessons/04_next.py as of 0123456789ab\n", "# Translates lessons/03_sample.py\n"]
)
def test_a_translation_must_say_of_what(root, first):
    translation(root, "03_sample", first + ENGLISH)
    with pytest.raises(LessonError, match=r"^lessons/de/03_sample\.py must begin with `# Translates lessons/03_sample"):
        build_notebooks.load_lessons(root)


def test_a_translation_of_no_lesson_is_refused(root):
    text = ENGLISH.replace('exercise="03.1"', 'exercise="05.1"')
    translation(root, "05_other", "# Translates lessons/05_other.py as of 0123456789ab\n" + text)
    with pytest.raises(LessonError, match=r"^lessons/de/05_other\.py translates no lesson: there is no lessons/05_"):
        build_notebooks.load_lessons(root)


def test_a_language_without_words_is_refused(root):
    shutil.move(root / "lessons/de", root / "lessons/fr")
    with pytest.raises(LessonError, match=r"^lessons/fr/03_sample\.py: .* got 'fr': add them to WORDS in tools/"):
        build_notebooks.load_lessons(root)


def test_a_fault_in_a_translation_is_named_with_its_file(root):
    (root / "lessons/de/03_sample.py").write_bytes(b"# %% \xff")
    with pytest.raises(LessonError, match=r"lessons/de/03_sample\.py: byte 5 is not UTF-8"):
        build_notebooks.load_lessons(root)


def test_a_notebook_names_the_lesson_that_it_is_built_from(root):
    assert "notebooks/de/solutions/03_sample.ipynb is missing: lessons/de/03_sample.py has not been built" in (
        build_notebooks.problems(root)
    )


def test_the_links_of_a_translation_move_with_the_address(root):
    def written() -> dict[str, str]:
        for path, notebook in plan(root).items():
            build_notebooks.replace_file(root / path, build_notebooks.nbformat.writes(notebook) + "\n")
        return {path: (root / path).read_text(encoding="utf-8") for path in plan(root)}

    with_address = written()
    links.move_links(None, root)
    moved = {path: (root / path).read_text(encoding="utf-8") for path in with_address}
    assert public_address(root) is None and PLACEHOLDER in (root / "pyproject.toml").read_text(encoding="utf-8")
    assert "Colab, Binder und Kaggle können dieses Notebook öffnen, sobald" in moved["notebooks/de/03_sample.ipynb"]
    for path, text in written().items():  # cell ids are made from content: they are what differs
        assert build_notebooks.sources(build_notebooks.nbformat.reads(moved[path], as_version=4)) == (
            build_notebooks.sources(build_notebooks.nbformat.reads(text, as_version=4))
        )


@pytest.mark.parametrize("language", sorted(languages.WORDS))
def test_the_words_of_a_language_are_all_there(language):
    words = vars(languages.words(language))
    assert all(words.values())
    for name, field in (("is_solved", "{student}"), ("open_in", "{place}")):
        assert words[name].count(field) == 1
    assert words["set_up"].startswith("# ")
