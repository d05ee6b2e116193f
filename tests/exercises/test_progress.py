"""What is kept of a learner's attempts: where, what, by several notebooks at once, in damaged and closed files."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest

from llmlab.course import progress as kept
from llmlab.course.progress import OFF, VARIABLE, Standing, Store
from llmlab.exercises import exercise, progress
from llmlab.exercises.engine.catalogue import lessons, of_lesson
from llmlab.exercises.engine.progress import print_progress
from llmlab.instructors.check import execution
from llmlab.instructors.grade import attempt
from tests import ROOT

WRONG = "a"  # an option of 03.1 that is not the right one


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Where a learner's progress is kept in this test; exercises that have not been tried in this kernel."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    new_kernel(monkeypatch)
    return tmp_path


def new_kernel(monkeypatch) -> None:
    copies = {one.id: replace(one) for one in of_lesson("03")}
    monkeypatch.setattr("llmlab.exercises.engine.catalogue._LOADED", copies)
    kept._store_at.cache_clear()


def lines(folder: Path) -> list[dict]:
    # An empty line costs nothing: one stands where a kernel saw another one's line half written.
    return [json.loads(line) for line in (folder / "progress.jsonl").read_text("utf-8").splitlines() if line]


# What is kept


def test_an_attempt_is_a_line_with_its_edition(folder):
    exercise("03.1").check(WRONG)
    exercise("03.1").check("d")
    assert lines(folder) == [
        {"edition": 2, "exercise": "03.1", "status": "failed"},
        {"edition": 2, "exercise": "03.1", "status": "passed"},
    ]
    assert kept.store().standings() == {"03.1": Standing("passed", "passed", 2)}


def test_a_blank_answer_and_a_second_pass_are_not_kept(folder):
    exercise("03.1").check(...)
    assert not (folder / "progress.jsonl").exists()
    for answer in ("d", "d", "d"):
        exercise("03.1").check(answer)
    assert len(lines(folder)) == 1


def test_best_and_last_are_told_apart(folder, monkeypatch):
    for answer in ("d", WRONG):
        exercise("03.1").check(answer)
    exercise("03.2").check(lambda *arguments: 1 / 0)
    assert kept.store().standings() == {
        "03.1": Standing(best="passed", last="failed", tries=2),
        "03.2": Standing(best="error", last="error", tries=1),
    }
    new_kernel(monkeypatch)
    assert [status for _, _, status in progress("03").states[:2]] == ["passed", "error"], "what was passed once, is"


def test_a_new_kernel_knows_what_was_passed(folder, monkeypatch):
    exercise("03.1").check("d")
    exercise("03.2").check(lambda *arguments: [])
    new_kernel(monkeypatch)
    states = {id: status for id, _, status in progress("03").states}
    assert (states["03.1"], states["03.2"], states["03.3"]) == ("passed", "failed", "not_attempted")
    exercise("03.1").check(...)
    assert progress("03").states[0][2] == "passed", "a blank answer takes nothing away"
    exercise("03.1").check(WRONG)
    assert progress("03").states[0][2] == "failed", "in this kernel the latest check counts"


def test_the_solution_is_offered_after_three_tries_in_whatever_kernel(folder, monkeypatch):
    def offered(answer):
        folded = [note.heading for note in exercise("03.1").check(answer).folded]
        return folded[:3] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3"], folded[3:] == ["Solution of 03.1"]

    assert [offered(WRONG), offered(WRONG)] == [(True, False)] * 2
    new_kernel(monkeypatch)
    assert offered(...) == (True, False)
    assert offered(WRONG) == (True, True)


# Where it is kept


def test_by_default_it_is_the_users_data_folder(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(platformdirs, "user_data_path", lambda name, appauthor: tmp_path / name)
    assert kept.file() == tmp_path / "llmlab" / "progress.jsonl"


def test_without_platformdirs_nothing_is_kept(monkeypatch):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    new_kernel(monkeypatch)
    assert kept.file() is None
    assert exercise("03.1").check("d").status == "passed" and progress("03").passed == 1


def test_switched_off_it_reads_and_writes_nothing(folder, monkeypatch):
    exercise("03.1").check("d")
    monkeypatch.setenv(VARIABLE, OFF)
    new_kernel(monkeypatch)
    assert progress("03").passed == 0
    exercise("03.2").check(lambda *arguments: [])
    assert len(lines(folder)) == 1


def test_grading_and_checking_leave_it_alone(tmp_path):
    assert attempt._environment(tmp_path, threads=1)[VARIABLE] == OFF
    assert execution._environment(None)[VARIABLE] == OFF


def test_tests_and_the_build_of_notebooks_leave_it_alone():
    code = f"import conftest, os; conftest.pytest_configure(); print(os.environ[{VARIABLE!r}])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == OFF, done.stderr
    assert "progress.VARIABLE: progress.OFF" in (ROOT / "tools" / "notebook_execution.py").read_text("utf-8")


# Several at once, and files that are not as they should be


def test_notebooks_that_write_at_once_lose_nothing(folder):
    code = (
        "import sys; from llmlab.course.progress import store\n"
        "for n in range(40): store().add(f'{sys.argv[1]}.{n}', 'failed')"
    )

    def kernel(number):
        return subprocess.run([sys.executable, "-c", code, f"0{number}"], cwd=ROOT, capture_output=True, text=True)

    with ThreadPoolExecutor(4) as pool:
        assert [done.stderr for done in pool.map(kernel, range(4))] == [""] * 4
    assert len(lines(folder)) == 160
    assert len(kept.store().standings()) == 160


def test_damaged_lines_cost_no_other_line_and_are_mentioned_once(folder):
    exercise("03.1").check("d")
    with open(folder / "progress.jsonl", "ab") as file:
        file.write(
            b'\xff\xfe{"edition": 2, "exerc\n[]\n{"edition": 2, "exercise": "03.2", "status": "excellent"}\n{"edi'
        )
    result = exercise("03.2").check(lambda *arguments: [])
    news = [line for line in result.message.splitlines() if "progress" in line]
    assert news == [f"4 of the lines in {folder / 'progress.jsonl'} cannot be read and are left out of your progress."]
    assert set(kept.store().standings()) == {"03.1", "03.2"}, "what follows half a line stands in a line of its own"
    assert "progress.jsonl" not in exercise("03.2").check(lambda *arguments: []).message


def test_lines_of_another_edition_stay_and_are_not_counted(folder):
    other = '{"edition": 1, "exercise": "03.1", "status": "passed"}\n'
    (folder / "progress.jsonl").write_text(other)
    assert progress("03").passed == 0 and progress("03").news == ""
    exercise("03.2").check(lambda *arguments: [])
    assert (folder / "progress.jsonl").read_text().startswith(other)


@pytest.mark.parametrize("hindrance", ["a folder", "a file above", "no right to write", "a name that is too long"])
def test_a_file_that_cannot_be_written_breaks_no_check_and_is_mentioned_once(folder, hindrance, monkeypatch):
    if hindrance == "a folder":
        (folder / "progress.jsonl").mkdir()
    elif hindrance == "a file above":
        (folder / "home").write_text("")
        monkeypatch.setenv(VARIABLE, str(folder / "home"))
    elif hindrance == "a name that is too long":
        monkeypatch.setenv(VARIABLE, str(folder / ("x" * 5000)))
    else:
        monkeypatch.setattr(kept.os, "open", refuse)
    first, second = exercise("03.1").check("d"), exercise("03.1").check(WRONG)
    assert (first.status, second.status) == ("passed", "failed")
    assert "progress" in first.message.splitlines()[-1] and "progress.jsonl" in first.message
    assert "progress.jsonl" not in second.message
    assert progress("03").attempted == 1


def refuse(*arguments):
    raise PermissionError(13, "Permission denied")


def test_a_store_without_a_file_keeps_nothing():
    store = Store(None)
    assert (store.add("03.1", "passed"), store.standings(), store.news()) == (None, {}, "")


# What is shown


def test_what_is_open_is_linked_to_its_place(folder):
    exercise("03.1").check("d")
    assert 'id="exercise-03.2" data-jupyter-id="exercise-03.2"' in exercise("03.2").check(...)._repr_html_()
    html = progress("03")._repr_html_()
    assert '<a href="#exercise-03.2">03.2 · Write the windows</a> (○ not attempted)' in html
    assert "03.1" not in html and "width: 17%" in html and "Next: exercise 03.2." in html


def test_titles_show_no_backticks(folder, monkeypatch):
    one = progress("03")
    shown = replace(one, states=(("03.1", "Call `f` <twice>", "failed"),))
    assert "`" not in repr(shown) and "`" not in shown._repr_html_()
    assert ">03.1 · Call <code>f</code> &lt;twice&gt;</a>" in shown._repr_html_()


def test_what_comes_next(folder):
    one = progress("03")
    done = tuple((id, title, "passed") for id, title, _ in one.states)
    assert "All passed. Next: lesson 04." in repr(replace(one, states=done, passed=len(done)))
    last = replace(one, states=done, passed=len(done), next_lesson="")
    assert "All passed, in the last lesson." in last._repr_html_() and "width: 100%" in last._repr_html_()


def test_without_a_number_the_whole_course_is_shown(folder):
    exercise("03.1").check("d")
    exercise("03.2").check(lambda *arguments: [])
    whole = progress()
    assert [one.lesson for one in whole.lessons] == sorted(lessons()) and whole.passed == 1
    rows = {line.split()[0]: line.split()[1] for line in repr(whole).splitlines()[1:]}
    assert rows["03"] == "■◪□□□□" and set(rows["04"]) == {"□"}
    exercises = sum(len(one.states) for one in whole.lessons)
    first = f"The course: 1 of {exercises} exercises passed, 0 of {len(rows)} lessons complete"
    assert repr(whole).splitlines()[0] == first
    html = whole._repr_html_()
    assert first in html and "■◪□□□□" in html and "1 of 6 passed" in html and html.count("<tr>") == len(rows) + 1


def test_all_lessons_are_printed_with_the_place_of_the_file(folder, capsys):
    exercise("03.1").check("d")
    exercise("03.2").check(lambda *arguments: [])
    assert print_progress() == 0
    printed = capsys.readouterr().out
    rows = {line.split()[0]: line for line in printed.splitlines() if line[:1].isdigit()}
    assert rows["03"].split("passed")[0].split()[-3:] == ["1", "of", "6"] and "03.2" in rows["03"]
    assert rows["04"].split("passed")[0].split()[-3] == "0"
    assert str(folder / "progress.jsonl") in printed.replace("\n", "") and "sent nowhere" in printed
