"""What is written besides the table: pages for students and instructor, points, tables for platforms, copies."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from llmlab.instructors.grade import command
from llmlab.instructors.grade import folder as grading_folder
from llmlab.instructors.grade.attempt import Verdict
from llmlab.instructors.grade.course_parts import lesson_title, part
from llmlab.instructors.grade.feedback import feedback, file_name, write_feedback
from llmlab.instructors.grade.gradebook import Student, canvas, moodle, read_students
from llmlab.instructors.grade.machine import Protection
from llmlab.instructors.grade.points import Points, earned, percent, read_points
from llmlab.instructors.grade.report import class_report
from llmlab.instructors.grade.table import Row
from llmlab.instructors.release import release
from llmlab.utils.commands import CommandRefused
from tests import notebooks
from tests.instructors.grading_batch import IDS, SOLVED, notebook

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&`<b>`\x1b[2J\u202e"


def row(student: str, exercise: str, status: str, **more: str) -> Row:
    values = {"notebook": f"{student}/n.ipynb", "misconception": "", "message": f"{exercise} said", "notes": ""} | more
    return Row(student=student, lesson=exercise[:2], exercise=exercise, status=status, **values)


ROWS = [
    row("anna", "03.1", "passed", message="The check holds: d."),
    row("anna", "03.2", "failed", misconception="no-targets", message="Single lists: `[1]`."),
    row("bert", "03.1", "failed", misconception="only-the-last-position", notes="cell 2 stopped: NameError"),
    row("bert", "03.2", "not_attempted", same_code="anna"),
    row("carl", "03.1", "failed", misconception="only-the-last-position"),
    row("carl", "03.2", "error"),
    row("carl", "05.1", "passed"),
]


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


# Pages


def test_a_students_page_says_what_held_and_what_comes_next():
    page = Elements(feedback("anna", ROWS[:2], Points({"03.2": 3})))
    assert "03 · Sliding windows" in page.text and "1 of 2 exercises passed, 1 of 4 points" in page.text
    assert "The check holds: d." in page.text and "Single lists: [1]." in page.text
    assert part("03.2").hints[1].split("`")[0] in page.text, "whoever has tried gets the idea"
    assert part("03.2").section and f"“{part('03.2').section}”" in page.text
    assert part("03.1").hints[1].split("`")[0] not in page.text, "what passed needs no hint"
    untouched = Elements(feedback("bert", [ROWS[3]], Points())).text
    assert part("03.2").hints[0].split("`")[0] in untouched, "whoever has not begun gets the question"


def test_nothing_that_a_student_wrote_acts_on_a_page():
    odd = {"notebook": MARKUP, "misconception": MARKUP, "message": MARKUP, "notes": MARKUP, "same_code": MARKUP}
    rows = [row(MARKUP, "03.1", status, **odd) for status in ("failed", "passed")]
    rows += [Row(MARKUP, MARKUP, "", "", status, "", MARKUP, MARKUP) for status in ("unreadable", "not_submitted")]
    for page in (feedback(MARKUP, rows, Points()), class_report(rows, [MARKUP], Points())):
        elements = Elements(page)
        assert not {"script", "img", "a", "iframe", "form"} & {tag for tag, _ in elements.found}
        assert not [attrs for _, attrs in elements.found if any(name.startswith("on") for name in attrs)]
        assert "<script>alert(1)" in elements.text, "it is shown as what it is"
        assert all(one == "\n" or one.isprintable() for one in page)


def test_pages_stand_alone_and_fit_light_dark_and_a_phone():
    for page in (feedback("anna", ROWS[:2], Points()), class_report(ROWS, [], Points())):
        elements = Elements(page)
        assert not [attrs for _, attrs in elements.found if {"src", "href"} & set(attrs)]
        assert "url(" not in page and "prefers-color-scheme: dark" in page
        metas = [attrs for tag, attrs in elements.found if tag == "meta"]
        assert any(attrs.get("name") == "viewport" for attrs in metas)
        assert any("default-src 'none'" in attrs.get("content", "") for attrs in metas)


def test_the_class_report_says_which_ideas_who_is_stuck_and_who_is_missing():
    rows = [*ROWS, Row("dora", "", "", "", "not_submitted", "", "", "")]
    text = Elements(class_report(rows, ["notes.txt is no notebook"], Points())).text
    assert "03.1 · only-the-last-position: 2 of 3 students" in text and "03.2 · no-targets: 1 of 3 students" in text
    assert text.index("carl", text.index("Who is stuck")) < text.index("bert", text.index("Who is stuck"))
    assert "Nothing was handed in by dora." in text and "notes.txt is no notebook" in text
    assert re.search(r"The same code.*03\.2\s*bert\s*anna", text, re.DOTALL)


def test_each_student_has_a_file_of_its_own(tmp_path):
    names = ["anna", "Anna", "../anna", "an/na", "con", "bob", "bob ", "é", "", "x" * 300, ".", MARKUP]
    files = [file_name(name) for name in names]
    assert len({file.lower() for file in files}) == len(names)
    assert all(re.fullmatch(r"[^/\\.<>:\"|?*\x00-\x1f]{1,80}\.html", file) for file in files), files
    assert write_feedback(tmp_path / "pages", [row(name, "03.1", "passed") for name in names], Points()) == len(names)
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == sorted(files)


def test_a_lesson_has_its_title():
    assert lesson_title("03") == "03 · Sliding windows" and lesson_title("99") == "99"


# Points and platforms


def test_points_and_weights():
    points = Points({"03.2": 3}, 1, {"05": 3})
    sums = earned([*ROWS, Row("dora", "", "", "", "not_submitted", "", "", "")], points)
    assert sums == {
        "anna": {"03": 1, "05": 0},
        "bert": {"03": 0, "05": 0},
        "carl": {"03": 0, "05": 1},
        "dora": {"03": 0, "05": 0},
    }
    assert points.possible("03") == 8  # five exercises of one point, one of three
    # A quarter of the mark comes from lesson 03, the rest from 05, which has five exercises.
    assert percent(sums["anna"], points) == pytest.approx(100 * (1 / 4) * 1 / 8)
    assert percent(sums["carl"], points) == pytest.approx(100 * (3 / 4) / points.possible("05"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("points = 3", "a number of at least 0|is not an exercise"),
        ("[points", "is no TOML"),
        ('[points]\n"03.99" = 1', r'"03.99" is not an exercise of the course'),
        ('[weights]\n"99" = 1', r'"99" is not a lesson of the course'),
        ('[points]\n"03.1" = -1', r"\[points\] 03.1: a number of at least 0 is expected, got -1"),
        ('[points]\n"03.1" = true', "a number of at least 0 is expected, got True"),
        ("[marks]\nx = 1", r"has \[marks\], but only \[points\] and \[weights\] are known"),
    ],
)
def test_a_wrong_file_of_points_says_how_to_mend_it(tmp_path, text, message):
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_points(tmp_path / "p.toml")


def test_a_file_of_points_is_read(tmp_path):
    (tmp_path / "p.toml").write_text('[points]\ndefault = 2\n"03.2" = 3\n[weights]\n"03" = 2')
    points = read_points(tmp_path / "p.toml")
    assert (points.of("03.2"), points.of("03.1"), points.weights) == (3, 2, {"03": 2})


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_list_of_students_is_read_whatever_its_separator(tmp_path, separator):
    lines = [["Name", "student", "ID"], ["Anna Lee", "anna", "11"], ["", "Andre\u0301", ""], ["", "", ""]]
    (tmp_path / "s.csv").write_text("\ufeff" + "\n".join(map(separator.join, lines)), encoding="utf-8")
    assert read_students(tmp_path / "s.csv") == [Student("anna", "Anna Lee", "11"), Student("Andr\u00e9")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"name,id\nanna,1", r"has no column `student` \(it has: name, id\)"),
        (b"", r"has no column `student` \(it has: none\)"),
        (b"student\nanna\nanna", "has anna twice"),
        (b"student\n\xff", "is no text in UTF-8"),
    ],
)
def test_a_wrong_list_of_students_says_how_to_mend_it(tmp_path, text, message):
    (tmp_path / "s.csv").write_bytes(text)
    with pytest.raises(ValueError, match=message):
        read_students(tmp_path / "s.csv")


def test_tables_for_platforms():
    students = [Student("anna", "Anna Lee", "11", "lee", "anna@example.org", "A"), Student("=cmd", "=1+1")]
    rows = [*ROWS, row("=cmd", "03.1", "passed")]
    (head, possible, *lines) = csv.reader(io.StringIO(canvas(rows, students, Points())))
    assert head == ["Student", "ID", "SIS Login ID", "Section", "llmlab 03", "llmlab 05"]
    assert possible == ["    Points Possible", "", "", "", "6", f"{Points().possible('05'):g}"]
    assert lines[:2] == [["'=1+1", "", "", "", "1", "0"], ["Anna Lee", "11", "lee", "A", "1", "0"]]
    (head, *lines) = csv.reader(io.StringIO(moodle(rows, students, Points())))
    assert head[:4] == ["Full name", "ID number", "Username", "Email address"] and head[-1] == "llmlab in all (of 100)"
    assert lines[1] == ["Anna Lee", "11", "lee", "anna@example.org", "1", "0", "8.3"]


# The command


@pytest.fixture
def quick(monkeypatch):
    """Nothing is run: every answer has passed."""
    held = Protection("kernel", "kernel", "kernel", False)
    monkeypatch.setattr(grading_folder, "grade_one", lambda *_: ({id: Verdict("passed", "") for id in IDS}, []))
    monkeypatch.setattr(grading_folder, "fill_home", lambda *_: None)
    monkeypatch.setattr(grading_folder, "protection", lambda: held)


def graded(tmp_path: Path, **wanted: Path) -> int:
    limits = {"seconds": 60, "memory_mb": 900, "jobs": 1}
    return command.grade(tmp_path / "in", tmp_path / "g.csv", **limits, wanted=command.Wanted(**wanted))


def submitted(tmp_path: Path) -> None:
    for student in ("anna", "bert"):
        (tmp_path / "in" / student).mkdir(parents=True)
        (tmp_path / "in" / student / "03_x.ipynb").write_bytes(SOLVED.read_bytes())


def test_all_that_is_wanted_is_written(tmp_path, quick, capsys):
    submitted(tmp_path)
    (tmp_path / "s.csv").write_text("student\nanna\nbert\ncarl\n")
    files = {name: tmp_path / f"{name}.out" for name in ("report", "canvas", "moodle")}
    assert graded(tmp_path, **files, students=tmp_path / "s.csv", feedback=tmp_path / "pages") == 0
    assert all(file.stat().st_size for file in files.values())
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == ["anna.html", "bert.html", "carl.html"]
    said = capsys.readouterr().out
    assert "not_submitted: 1 student (carl)" in said and f"Written to {tmp_path / 'pages'}: 3 pages." in said
    assert "Processes: held by the kernel (namespaces)" in said.splitlines()[0]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"feedback": "in/pages"}, "lies among the submissions"),
        ({"feedback": "s.csv"}, "is a file: give a folder for the pages"),
        ({"report": "in/anna/03_x.ipynb"}, "has the name of a submission"),
        ({"report": "x.html", "canvas": "x.html"}, "are the same one"),
        ({"report": "g.csv"}, "are the same one"),
        ({"report": "nowhere/x.html"}, "is not a folder: make it first"),
    ],
)
def test_what_could_not_be_written_at_the_end_is_refused_before_it(tmp_path, quick, wanted, message):
    submitted(tmp_path)
    (tmp_path / "s.csv").write_text("student\nanna\n")
    with pytest.raises(CommandRefused, match=message):
        graded(tmp_path, **{name: tmp_path / file for name, file in wanted.items()})
    assert not (tmp_path / "g.csv").exists()
    assert (tmp_path / "in/anna/03_x.ipynb").read_bytes() == SOLVED.read_bytes()


def test_only_changed_notebooks_are_graded_anew(tmp_path, quick, monkeypatch):
    submitted(tmp_path)
    (tmp_path / "in" / "bert" / "mine.py").write_text("x = 1")
    ran = []

    def noting(submission, *_):
        ran.append(submission.student)
        return {id: Verdict("passed", f"of {len(ran)}") for id in IDS}, ["odd"]

    monkeypatch.setattr(grading_folder, "grade_one", noting)

    def again(**options):
        ran.clear()
        options = {"changed_only": True, "jobs": 1, "progress": False} | options
        return grading_folder.grade_folder(tmp_path / "in", tmp_path / "g.csv", **options)

    first = again()
    assert sorted(ran) == ["anna", "bert"]
    assert again() == first and ran == []
    (tmp_path / "in" / "bert" / "mine.py").write_text("x = 2")  # a module beside it counts
    again()
    assert ran == ["bert"]
    (tmp_path / "in" / "anna" / "03_x.ipynb").write_bytes(notebook().case().content)
    again()
    assert ran == ["anna"]
    again(changed_only=False)
    assert sorted(ran) == ["anna", "bert"]


# Copies for students


def test_a_release_has_no_solutions_and_a_later_one_has(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(notebooks().parent)
    assert release(tmp_path / "out", ["03", "05"], with_solutions=False) == 0
    names = ["03_sliding_window.ipynb", "05_positions.ipynb"]
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.ipynb")) == names
    assert release(tmp_path / "out", ["03"], with_solutions=True) == 0
    assert (tmp_path / "out/solutions" / names[0]).read_bytes() == SOLVED.read_bytes()
    assert "1 notebooks for students, 1 solved ones" in capsys.readouterr().out
    assert release(tmp_path / "all", [], with_solutions=False) == 0
    assert len(list((tmp_path / "all").iterdir())) == len(list(notebooks().glob("*.ipynb")))


def test_a_release_has_the_solution_in_the_language_of_the_notebook(tmp_path, monkeypatch):
    """00 is translated: its solved notebook has the same name."""
    monkeypatch.chdir(notebooks().parent)
    assert release(tmp_path, ["00"], with_solutions=True) == 0
    for place in ("00_welcome.ipynb", "solutions/00_welcome.ipynb"):
        assert (tmp_path / place).read_bytes() == (notebooks() / place).read_bytes()


def test_a_release_writes_over_nobodys_work(tmp_path, monkeypatch):
    monkeypatch.chdir(notebooks().parent)
    release(tmp_path, ["03"], with_solutions=False)
    (tmp_path / "03_sliding_window.ipynb").write_text("worked")
    with pytest.raises(CommandRefused, match=r"03_sliding_window.ipynb is there and differs, maybe somebody's work"):
        release(tmp_path, ["03", "05"], with_solutions=False)
    assert (tmp_path / "03_sliding_window.ipynb").read_text() == "worked" and len(list(tmp_path.iterdir())) == 1


def test_a_notebook_that_was_worked_in_is_not_released(tmp_path, monkeypatch):
    (tmp_path / "lessons").mkdir(), (tmp_path / "notebooks").mkdir()
    (tmp_path / "lessons/03_sliding_window.py").touch()
    worked = json.loads((notebooks() / "03_sliding_window.ipynb").read_text(encoding="utf-8"))
    next(cell for cell in worked["cells"] if cell["metadata"].get("exercise") == "03.4")["source"] = ["x = 1"]
    (tmp_path / "notebooks/03_sliding_window.ipynb").write_text(json.dumps(worked))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandRefused, match=r"has been worked in \(exercise 03.4\): bring back the notebook"):
        release(tmp_path / "out", ["03"], with_solutions=False)
    assert not (tmp_path / "out").exists()


def test_there_is_no_lesson_of_that_name(tmp_path):
    with pytest.raises(CommandRefused, match=r"there is no lesson '77'; the lessons are 00, 01"):
        release(tmp_path, ["77"], with_solutions=False)
