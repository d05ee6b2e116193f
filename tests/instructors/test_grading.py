"""Grading: every kind of trouble gives its rows and harms nothing; and who, which lesson, which file, which limit."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from llmlab.exercises.engine.catalogue import lessons, of_lesson
from llmlab.exercises.engine.sources import answer_names
from llmlab.grading import GraderBroken, Row, TableElsewhere, grade_folder, isolation, summary
from llmlab.instructors.grade import attempt
from llmlab.instructors.grade import folder as grading_folder
from llmlab.instructors.grade import table as grading_table
from llmlab.instructors.grade.attempt import Verdict
from llmlab.instructors.grade.bubblewrap import prefix
from llmlab.instructors.grade.places import readable
from llmlab.instructors.grade.submissions import binds, exercises_of, find
from llmlab.instructors.grade.table import Table, write_table
from llmlab.instructors.grade.trees import remove_tree
from tests import PYTHON_PATH, ROOT, notebooks
from tests.instructors.grading_batch import IDS, SOLVED, cases, differences, notebook, write_batch

LIMITS = {"start": 60.0, "cell": 30.0, "check": 30.0}  # a check itself gives up after 10


@pytest.fixture
def short_steps(monkeypatch):
    """Endless loops are given up soon; the whole submission keeps its time, also on a busy machine."""
    monkeypatch.setattr(attempt.Limits, "of_step", lambda self, kind: LIMITS[kind])


def processes_with(argument: str) -> list[psutil.Process]:
    return [one for one in psutil.process_iter(["cmdline"]) if argument in " ".join(one.info["cmdline"] or ())]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# The batch


def test_every_kind_of_trouble_gives_its_rows_and_harms_nothing(tmp_path, monkeypatch, short_steps):
    outside, submitted, out = tmp_path / "outside", tmp_path / "submitted", tmp_path / "grades.csv"
    outside.mkdir(), submitted.mkdir()
    (outside / "canary.txt").write_text("alive")
    monkeypatch.setenv("LLMLAB_SECRET", "known to the caller")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        batch = cases(outside, listener.getsockname()[1])
        write_batch(submitted, batch)
        before = {path: path.read_bytes() for path in submitted.rglob("*.ipynb")}
        rows = grade_folder(submitted, out, seconds=120, memory_mb=1536, progress=False)
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert differences(rows, batch) == []
    assert {path: path.read_bytes() for path in submitted.rglob("*") if path.is_file()} == before
    assert [path.name for path in outside.iterdir()] == ["canary.txt"]
    assert (outside / "canary.txt").read_text() == "alive"
    assert list((tmp_path / "tmp").iterdir()) == [], "temporary folders are removed"
    assert processes_with("time.sleep(1234.5)") == []
    table = read_csv(out)
    assert [row["exercise"] for row in table] == [row.exercise for row in rows]
    assert all("\n" not in value for row in table for value in row.values())
    text = summary(rows)
    assert "× 03.1 only-the-last-position" in text and "unreadable: 6 notebooks" in text


def test_the_answers_of_the_whole_course_are_found(tmp_path):
    """A solved and a student notebook as they are committed: whole lessons run, and without a note."""
    for name in ("solutions/01_tokenization", "00_welcome"):
        (tmp_path / f"{Path(name).name}.ipynb").write_bytes((notebooks() / f"{name}.ipynb").read_bytes())
    rows = grade_folder(tmp_path, tmp_path / "grades.csv", progress=False)
    assert {(row.lesson, row.status, row.notes) for row in rows} == {("00", "not_attempted", ""), ("01", "passed", "")}
    assert [row.exercise for row in rows] == [*exercises_of("00"), *exercises_of("01")]


def test_two_lessons_in_one_notebook_and_a_module_beside_another(tmp_path):
    both = notebook()
    both.cells += notebook(SOLVED.parent / "05_positions.ipynb").cells
    put(tmp_path / "in/anna.ipynb", both.case().content)
    beside = notebook()
    put(tmp_path / "in/bert/mine.py", "".join(beside.answer("03.2")["source"]).encode())
    put(tmp_path / "in/bert/03.ipynb", beside.write("03.2", "from mine import make_windows").case().content)
    rows = grade_folder(tmp_path / "in", tmp_path / "grades.csv", progress=False)
    out_of_order = "cells were run out of order (saved counts: 1 stands below 13)"
    notes = {"anna": out_of_order, "bert": ""}  # the second lesson counts its cells from 1 again
    assert {(row.status, row.notes == notes[row.student]) for row in rows} == {("passed", True)}
    assert [row.exercise for row in rows if row.student == "anna"] == [*exercises_of("03", "05")]
    assert [row.lesson for row in rows if row.student == "anna"] == ["03"] * 6 + ["05"] * len(exercises_of("05"))
    assert [row.exercise for row in rows if row.student == "bert"] == list(IDS)


# Found by name


def test_answers_have_the_names_that_the_lessons_check():
    checked = {}
    for path in sorted((ROOT / "lessons").glob("*.py")):
        calls = re.findall(r'^exercise\("(\d\d\.\d+)"\)\.check\((.*)\)$', path.read_text(encoding="utf-8"), re.M)
        checked |= {id: tuple(re.findall(r"\w+", names)) for id, names in calls}
    assert answer_names() == checked
    for lesson in lessons():
        assert list(exercises_of(lesson)) == [one.id for one in of_lesson(lesson)]


def test_no_cell_of_a_lesson_but_the_answers_own_binds_an_answers_name():
    """Else a learner who runs cells in another order would check the lesson's value in place of the answer."""
    for path in sorted(notebooks().glob("*.ipynb")):
        names = [name for all in exercises_of(path.name[:2]).values() for name in all]
        assert len(set(names)) == len(names), "two exercises share a name"
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code" and "exercise" not in cell["metadata"]:
                assert [name for name in names if binds(name, "".join(cell["source"]))] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(x", True),
        ("async def f(x): ...", True),
        ("class f:", True),
        ("f = 1", True),
        ("if 1:\n    a, f = 1, 2", True),
        ("f: int = 1", True),
        ("f == 1", False),
        ("print(f)", False),
        ("g(f=1)", False),
        ("""found["your f"] = 1""", False),
        ("# f = 1", False),
        ("def ff(x): ...", False),
    ],
)
def test_what_binds_a_name(source, expected):
    assert binds("f", source) is expected


# Which file is whose, and of which lesson


def put(path: Path, content: bytes | dict) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def code(*sources: str) -> dict:
    return {"cells": [{"cell_type": "code", "source": source.splitlines(True)} for source in sources]}


def test_students_and_files(tmp_path):
    for name in (
        "zoe.ipynb",
        "anna/deep/03_x.ipynb",
        "anna/04.IPYNB",
        "anna/.ipynb_checkpoints/04.ipynb",
        "anna/notes.txt",
    ):
        put(tmp_path / name, code("make_windows = 1"))
    put(tmp_path / "__MACOSX/._zoe.ipynb", b"")
    assert [(one.student, one.name) for one in find(tmp_path).submissions] == [
        ("anna", "anna/04.IPYNB"),
        ("anna", "anna/deep/03_x.ipynb"),
        ("zoe", "zoe.ipynb"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "lesson"),
    [
        ("anna.ipynb", code('exercise("04.2").check(f)', "def make_windows(a): ..."), "04"),
        ("03_windows.ipynb", code("exercise('04.2').hint()", "progress('04')", 'exercise("03.2")'), "04"),
        ("anna.ipynb", code("def make_windows(a, b, c):\n    return []"), "03"),
        ("anna_03_sliding_window (1).ipynb", code("1 + 1"), "03"),
        ("03_sliding_window.ipynb", b"", "03"),
        ("99_unknown.ipynb", b"", ""),
        ("anna1903.ipynb", b"", ""),
        ("anna.ipynb", code('exercise("77.2").check(f)'), ""),
    ],
)
def test_lesson_of_a_notebook(tmp_path, name, content, lesson):
    put(tmp_path / name, content)
    (found,) = find(tmp_path).submissions
    assert found.lessons == ((lesson,) if lesson else ())
    assert bool(found.problem) == (content == b"" or not lesson)


OLDER = "This notebook is of the first edition of the course, whose exercises have other numbers"


@pytest.mark.parametrize(
    ("cells", "metadata", "problem"),
    [
        (["course.setup()", 'exercise("05.3").check(attend)'], {}, OLDER),
        (["course.setup(edition=2)", 'exercise("05.3").check(rotate)'], {}, ""),
        (["course.setup(edition=1)", 'exercise("03.2").check(f)'], {"llmlab": {"edition": 2}}, OLDER),
        (['exercise("03.2").check(f)'], {"llmlab": {"sources": "…"}}, OLDER),  # its set-up cell was deleted
        (['exercise("03.2").check(f)'], {"llmlab": {"edition": 2}}, ""),
        (["course.setup(edition=3)", 'exercise("03.2").check(f)'], {}, "This notebook is of edition 3 of the course"),
    ],
)
def test_a_notebook_of_another_edition_is_not_judged_by_todays_checks(tmp_path, cells, metadata, problem):
    sources = [{"cell_type": "code", "source": source, "metadata": {}} for source in cells]
    put(tmp_path / "anna.ipynb", {"cells": sources, "metadata": metadata})
    (found,) = find(tmp_path).submissions
    assert found.problem.startswith(problem) and bool(found.problem) == bool(problem)
    assert found.lessons == (() if problem else (cells[-1][10:12],))


def test_odd_but_readable_notebooks(tmp_path):
    cells = [None, {"cell_type": "code", "source": ["make_windows", 3], "metadata": {"tags": 3}}, {"cell_type": "code"}]
    put(tmp_path / "a.ipynb", {"cells": [*cells, {"cell_type": "code", "source": "make_windows = 2"}], "metadata": []})
    (found,) = find(tmp_path).submissions
    assert (found.lessons, found.problem, found.notes) == (("03",), "", ())
    assert [(cell.place, cell.source) for cell in found.cells] == [(2, "make_windows3"), (4, "make_windows = 2")]


def test_a_notebook_of_the_old_format_says_what_to_do(tmp_path):
    put(tmp_path / "03_x.ipynb", {"worksheets": [{"cells": []}], "nbformat": 3})
    (found,) = find(tmp_path).submissions
    assert "open and save it in JupyterLab" in found.problem


# The table


def test_the_table_is_safe_to_open(tmp_path):
    put(tmp_path / "=cmd" / "@x.ipynb", b"")
    put(tmp_path / "+1 ä.ipynb", b"")
    rows = grade_folder(tmp_path, tmp_path / "grades.csv", progress=False)
    assert [row.student for row in rows] == ["+1 ä", "=cmd"]
    assert [row["student"] for row in read_csv(tmp_path / "grades.csv")] == ["'+1 ä", "'=cmd"]
    assert [row["notebook"] for row in read_csv(tmp_path / "grades.csv")] == ["'+1 ä.ipynb", "'=cmd/@x.ipynb"]
    odd = Row("a", "b", "03", "03.1", "failed", "", " \t=1+1\n\ud800\0x", "-1")
    write_table(tmp_path / "odd.csv", [odd])
    (row,) = read_csv(tmp_path / "odd.csv")
    assert (row["message"], row["notes"]) == ("'=1+1 <U+D800><U+0000>x", "'-1")


@pytest.mark.parametrize("presses", [1, 40])
def test_ctrl_c_keeps_what_was_graded(tmp_path, presses):
    (tmp_path / "tmp").mkdir()
    endless = notebook().insert("import time\ntime.sleep(4321.5)").case().content
    for name in ("a_empty", "z_endless"):
        put(tmp_path / "in" / name / "03_x.ipynb", b"" if name == "a_empty" else endless)
    script = (  # a background job starts with Ctrl-C ignored, and so would what it starts
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from llmlab.grading import grade_folder; grade_folder('in', 'grades.csv', jobs=1, progress=False)"
    )
    done = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": PYTHON_PATH, "TMPDIR": str(tmp_path / "tmp")},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    out = tmp_path / "grades.csv"
    deadline = time.monotonic() + 60
    partial = tmp_path / "grades.partial.csv"
    while not (partial.exists() and len(read_csv(partial)) == len(IDS)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert done.poll() is None, "the second notebook goes on"
    for _ in range(presses):
        done.send_signal(signal.SIGINT)
        time.sleep(0.01)
    _, errors = done.communicate(timeout=120)
    assert "Stopped: 1 of 2 notebooks were graded. Their rows are in" in errors
    assert {row["student"] for row in read_csv(partial)} == {"a_empty"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grades.partial.csv", "in", "tmp"] and not out.exists()
    assert list((tmp_path / "tmp").iterdir()) == [] and processes_with("sleep(4321.5)") == []


def test_a_submission_without_time_left_keeps_what_was_decided(tmp_path):
    put(tmp_path / "03_x.ipynb", notebook().insert("while True: pass").case().content)
    rows = grade_folder(tmp_path, tmp_path / "grades.csv", seconds=2, progress=False)
    assert {row.status for row in rows} == {"timeout"} and len(rows) == len(IDS)
    assert "not finished within 2 s" in rows[0].notes


def test_an_old_table_is_there_until_the_work_begins(tmp_path):
    (tmp_path / "grades.csv").write_text("last week's")
    with pytest.raises(ValueError, match="holds something else than a table of grades: give another file"):
        grade_folder(tmp_path, tmp_path / "grades.csv", progress=False)
    assert (tmp_path / "grades.csv").read_text() == "last week's"


def test_a_table_that_cannot_be_written_at_the_end_is_kept_elsewhere(tmp_path, monkeypatch):
    """The folder of the table is gone when the work is done, as when a stick was pulled out."""
    put(tmp_path / "in/03_x.ipynb", SOLVED.read_bytes())
    (tmp_path / "out").mkdir(), (tmp_path / "tmp").mkdir()

    def grade_one(*_):
        shutil.rmtree(tmp_path / "out")
        return {id: Verdict("passed", "") for id in IDS}, []

    monkeypatch.setattr(grading_folder, "grade_one", grade_one)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    with pytest.raises(TableElsewhere, match=r"could not be written \(No such file .*Nothing is lost") as said:
        grade_folder(tmp_path / "in", tmp_path / "out/grades.csv", progress=False)
    assert [row.exercise for row in said.value.rows] == [*IDS]
    (kept,) = (tmp_path / "tmp").rglob("grades.csv")
    assert str(said.value).endswith(f"it is in {kept}.")
    assert [row["exercise"] for row in read_csv(kept)] == [*IDS]


class FullDisk:
    """A file that takes nothing any more."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")

    def flush(self) -> None: ...

    close = flush


def test_a_full_disk_stops_no_grading(tmp_path):
    """While rows are added nothing can be written; at the end there is room again."""
    table = Table(tmp_path / "grades.csv")
    table._file.close()
    table._file = FullDisk()
    for student in ("zoe", "anna"):
        table.add([Row(student, f"{student}.ipynb", "03", "03.1", "passed", "", "", "")])
    table.finish(table.rows)
    assert [row["student"] for row in read_csv(tmp_path / "grades.csv")] == ["anna", "zoe"]


def test_half_a_table_is_never_left_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(grading_table, "as_cells", lambda row: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_table(tmp_path / "grades.csv", [Row("a", "b", "03", "03.1", "passed", "", "", "")])
    assert list(tmp_path.iterdir()) == []


def test_a_failure_of_the_grader_is_a_row(tmp_path, monkeypatch):
    put(tmp_path / "03_x.ipynb", SOLVED.read_bytes())
    put(tmp_path / "03_y.ipynb", b"")
    monkeypatch.setattr(grading_folder, "grade_one", lambda *_: 1 / 0)
    rows = grade_folder(tmp_path, tmp_path / "grades.csv", progress=False)
    assert {(row.student, row.status) for row in rows} == {("03_x", "error"), ("03_y", "unreadable")}
    assert "ZeroDivisionError" in rows[0].message


def test_a_machine_that_cannot_grade_says_so_at_once(tmp_path, monkeypatch):
    put(tmp_path / "03_x.ipynb", SOLVED.read_bytes())
    broken = "import sys; sys.path[:] = {path!r}; sys.modules['IPython'] = None; "
    monkeypatch.setattr(attempt, "_BOOT", broken + "from llmlab.instructors.grade.worker import main; main()")
    with pytest.raises(GraderBroken, match="cannot start on this machine: ModuleNotFoundError.*IPython"):
        grade_folder(tmp_path, tmp_path / "grades.csv", progress=False)


@pytest.mark.parametrize(
    ("folder", "out", "options", "error", "message"),
    [
        ("nowhere", "g.csv", {}, NotADirectoryError, "nowhere is not a folder: give the one that holds"),
        (".", "g.csv", {}, ValueError, "there is no notebook"),
        (".", "deep/g.csv", {}, FileNotFoundError, "deep is not a folder: make it first"),
        (".", "a.ipynb/g.csv", {}, NotADirectoryError, "a.ipynb is not a folder: make it first"),
        (".", ".", {}, IsADirectoryError, "is a folder: give the file to write, for example "),
        (".", "g" * 300, {}, OSError, "too long"),
        (".", "g.csv", {"seconds": 0}, ValueError, "seconds must be above 0, got 0"),
        (".", "g.csv", {"seconds": float("nan")}, ValueError, "seconds must be above 0, got nan"),
        (".", "g.csv", {"memory_mb": 0}, ValueError, "memory_mb must be at least 1, got 0"),
        (".", "g.csv", {"jobs": 0}, ValueError, "jobs must be at least 1, got 0"),
    ],
)
def test_wrong_arguments_teach(tmp_path, folder, out, options, error, message):
    if "ipynb" in out:
        (tmp_path / "a.ipynb").touch()
    with pytest.raises(error, match=message):
        grade_folder(tmp_path / folder, tmp_path / out, progress=False, **options)
    assert not (tmp_path / "g.csv").exists()


def test_a_missing_package_says_what_to_install(tmp_path, monkeypatch):
    put(tmp_path / "a.ipynb", b"")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "psutil" else name)
    with pytest.raises(ImportError, match=r'grading needs psutil: pip install "llmlab\[instructors\]"'):
        grade_folder(tmp_path, tmp_path / "g.csv", progress=False)


def test_summary_of_nothing_wrong():
    rows = [Row("anna", "anna.ipynb", "03", id, "passed", "", "", "") for id in IDS]
    assert summary(rows) == "1 notebook of 1 student, 6 exercises graded.\nStatus: 6 passed."


# What a submission may not do

GUARDED = """
import os, pathlib, socket, sys
from llmlab.instructors.grade import guard
from llmlab.instructors.grade.places import readable

outside = pathlib.Path("..", "outside").resolve()
for name in {without!r}:
    setattr(guard, name, lambda *_: False)
found = guard.confine(pathlib.Path.cwd(), 512, readable())
print(sorted(found.values()))
if found["processes"] == "kernel":
    print("in memory", end="", file=sys.stderr)
for forbidden in (
    lambda: (outside / "new").write_text("x"),
    lambda: os.open(outside / "new", os.O_CREAT | os.O_WRONLY),
    lambda: (outside / "canary").unlink(),
    lambda: (outside / "canary").rename("mine"),
    lambda: open(outside / "canary", "r+"),
    lambda: os.truncate(outside / "canary", 0),
    lambda: (outside / "folder").mkdir(),
    lambda: os.symlink("x", outside / "link"),
    lambda: socket.create_connection(("192.0.2.1", 80), timeout=2),
    lambda: socket.getaddrinfo("example.org", 80),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)),
):
    try:
        forbidden()
        print("allowed")
    except OSError as error:
        print(type(error).__name__)
pathlib.Path("sub").mkdir()
pathlib.Path("sub/a").write_text("x")
pathlib.Path("sub/a").rename("b")
os.remove("b")
open(os.devnull, "w").write("x")
if found["network"] == "kernel":
    with socket.create_server(("127.0.0.1", 0)) as own:
        socket.create_connection(own.getsockname(), timeout=5).close()
try:
    print((outside / "canary").read_text())
except OSError:
    print("not readable")
"""


@pytest.mark.parametrize(
    "without", [(), ("enter",), ("enter", "_leave_network", "_keep_to")], ids=["as here", "no namespaces", "in Python"]
)
def test_what_is_refused(tmp_path, without):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir(), outside.mkdir()
    (outside / "canary").write_text("alive")
    script = GUARDED.format(without=without)
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", script], cwd=inside, env=environment, capture_output=True, text=True)
    levels, *refused, canary = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert len(refused) == 11 and "allowed" not in refused
    if "_keep_to" in without:
        assert levels == "['python', 'python', 'python']" and set(refused) == {"PermissionError"}
        assert canary == "alive"
    elif levels.count("kernel") >= 2:
        assert canary == "not readable"
    assert [path.name for path in outside.iterdir()] == ["canary"]
    # In namespaces the folder lies in memory: on the disk stays the empty place to which its tree was mounted.
    assert [path.name for path in inside.iterdir()] == (["root"] if done.stderr == "in memory" else ["sub"])


ESCAPING = """
import os, pathlib, subprocess, sys, time
from llmlab.instructors.grade import guard
from llmlab.instructors.grade.places import readable
{before}
found = guard.confine(pathlib.Path.cwd(), 512, readable(), {wrapped})
if found["processes"] != "kernel":
    sys.exit(77)
{code}
"""

HIDING = "subprocess.run('setsid sh -c \"exec sleep 9876.5\" &', shell=True)"


def confined(tmp_path: Path, code: str, wrapped: bool = False, before: str = "") -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH, "PYTHONDONTWRITEBYTECODE": "1"}
    (tmp_path / "work").mkdir(exist_ok=True)
    script = ESCAPING.format(code=code, wrapped=wrapped, before=before)
    outer = prefix(tmp_path, 512, readable()) if wrapped else []
    if wrapped and (not outer or subprocess.run([*outer, "true"], capture_output=True).returncode):
        pytest.skip("bubblewrap is not installed, or may not make namespaces")
    command = [*outer, sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    if done.returncode == 77:
        pytest.skip("this kernel or container offers no namespaces")
    return done


def test_no_process_outlives_the_notebook(tmp_path):
    done = confined(tmp_path, f"{HIDING}\ntime.sleep(0.3)\nprint(len([n for n in os.listdir('/proc') if n.isdigit()]))")
    assert int(done.stdout) >= 3, "the first process, this one, and the one that hid"
    time.sleep(0.3)
    assert processes_with("sleep 9876.5") == []


def test_no_process_outlives_a_killed_grader(tmp_path):
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH, "PYTHONDONTWRITEBYTECODE": "1"}
    inner = ESCAPING.format(wrapped=False, before="", code=f"{HIDING}\nprint('there', flush=True)\ntime.sleep(600)")
    grader = (
        f"import subprocess, sys\none = subprocess.Popen([sys.executable, '-c', {inner!r}], stdout=subprocess.PIPE)\n"
        "print(one.stdout.readline().decode() or 'none', flush=True)\none.wait()"
    )
    outer = subprocess.Popen([sys.executable, "-c", grader], cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
    said = outer.stdout.readline().strip()
    outer.kill()
    outer.wait()
    outer.stdout.close()
    if said == b"none":
        pytest.skip("this kernel or container offers no namespaces")
    end = time.monotonic() + 10
    while processes_with("sleep 9876.5") and time.monotonic() < end:
        time.sleep(0.05)
    assert processes_with("sleep 9876.5") == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print(os.path.exists('/proc/{parent}'))", "False"),
        ("print(sorted(os.listdir('/dev/shm')))", "[]"),
        ("print(open('/proc/self/status').read().partition('CapEff:')[2].split()[0].strip('0'))", ""),
        ("print(subprocess.run(['umount', '/proc'], capture_output=True).returncode != 0)", "True"),
        (
            "import socket\ntry:\n    socket.socket(socket.AF_UNIX).connect({socket!r})\n"
            "except OSError as error:\n    print(type(error).__name__)",
            "FileNotFoundError",
        ),
        ("try:\n    os.chmod('/usr', 0o755)\nexcept OSError as error:\n    print(error.errno)", "30"),
        ("print([place for place in {elsewhere} if os.path.exists(place)])", "[]"),
        ("import pty\npty.spawn(['echo', 'hi'])", "hi"),
        (
            "try:\n    os.open('/dev/kmsg', os.O_WRONLY)\nexcept OSError as error:\n    print(type(error).__name__)",
            "FileNotFoundError",
        ),
        (
            "import resource\ntry:\n    resource.prlimit({parent}, resource.RLIMIT_NOFILE, (5, 5))\n"
            "except OSError as error:\n    print(type(error).__name__)",
            "ProcessLookupError",
        ),
        # The names of sockets are short, and those of folders in a test are not.
        (
            "import tempfile\ntempfile.tempdir = '/dev/shm'\n"
            "import torch.utils.data as d\nprint(len(list(d.DataLoader(range(6), num_workers=2))))",
            "6",
        ),
    ],
    ids=[
        "the grader",
        "shared memory",
        "rights",
        "umount",
        "sockets",
        "modes",
        "homes",
        "terminal",
        "device",
        "limits",
        "workers",
    ],
)
@pytest.mark.parametrize("wrapped", [False, True], ids=["namespaces", "bubblewrap"])
def test_what_is_out_of_reach(tmp_path, code, said, wrapped):
    shared = Path(f"/dev/shm/llmlab-test-{os.getpid()}")
    with contextlib.suppress(OSError):
        shared.write_text("of the machine")
    # A path of at most 108 characters, in a folder that everybody may enter.
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/s")
        listening.listen()
        code = code.replace("{parent}", str(os.getpid())).replace("{socket!r}", repr(f"{folder}/s"))
        needed = [ROOT, tmp_path, *map(Path, (sys.prefix, sys.base_prefix))]
        elsewhere = [
            place
            for place in ("/home", "/var/lib", "/mnt", "/etc/shadow")
            if not any(path.is_relative_to(place) for path in needed)  # the course may lie in a home
        ]
        assert "/etc/shadow" in elsewhere
        code = code.replace("{elsewhere}", repr(elsewhere))
        try:
            done = confined(tmp_path, code, wrapped)
        finally:
            shared.unlink(missing_ok=True)
    assert (done.stdout.strip(), done.returncode) == (said, 0), done.stderr


WITHOUT_LANDLOCK = """
guard._keep_to = lambda *_: False
guard._refuse_in_python = lambda *_, **__: None
"""
WRITES = """
places = ["/usr/new", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/new", "/new", "/etc/new"]
places += [os.path.join(sys.prefix, "new")]
for place in places:
    try:
        os.open(place, os.O_WRONLY | (0 if place.startswith("/proc") else os.O_CREAT))
        print(place)
    except OSError:
        pass
open("mine", "w").write("x")
print("done")
"""


@pytest.mark.parametrize("wrapped", [False, True], ids=["namespaces", "bubblewrap"])
def test_the_tree_alone_cannot_be_written(tmp_path, wrapped):
    """Also where Landlock does not hold it a second time, and the grader is run by root."""
    done = confined(tmp_path, WRITES, wrapped, before=WITHOUT_LANDLOCK)
    assert (done.stdout.split(), done.returncode) == (["done"], 0), done.stderr


def test_how_a_process_ended_is_passed_on(tmp_path):
    assert confined(tmp_path, "sys.exit(5)").returncode == 5
    assert confined(tmp_path, "os.kill(os.getpid(), 9)").returncode == -9
    assert confined(tmp_path, "import ctypes\nctypes.string_at(0)").returncode == -11


def test_isolation_is_said_in_words():
    assert re.fullmatch(
        r"Processes: (held by the kernel \((bubblewrap|namespaces)\)|looked for by the grader)\. "
        r"Network: cut (by the kernel|in Python only: .*)\. "
        r"Files outside the submission's folder: kept .*\.",
        isolation(),
    )


def test_the_environment_is_not_the_callers(monkeypatch, tmp_path):
    for name in ("SECRET", "PYTHONPATH", "http_proxy", "LLMLAB_DATA"):
        monkeypatch.setenv(name, "x")
    environment = attempt._environment(tmp_path, threads=1)
    assert not {"SECRET", "PYTHONPATH", "http_proxy", "LLMLAB_DATA"} & set(environment)
    assert environment["HOME"] == str(tmp_path / "home")


def test_removing_a_folder_follows_no_link(tmp_path):
    outside = tmp_path / "outside"
    (tmp_path / "work" / "locked" / "deep").mkdir(parents=True), outside.mkdir(mode=0o755)
    (outside / "canary").write_text("alive")
    (tmp_path / "work" / "link").symlink_to(outside, target_is_directory=True)
    (tmp_path / "work" / "locked").chmod(0o500)
    remove_tree(tmp_path / "work")
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert outside.stat().st_mode & 0o777 == 0o755 and (outside / "canary").read_text() == "alive"


def test_importing_the_grader_is_light():
    code = "import sys, llmlab.grading; print(*sorted({'torch', 'IPython', 'psutil', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": PYTHON_PATH},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""


def test_what_is_no_event_is_passed_over(tmp_path):
    one = attempt.Attempt.__new__(attempt.Attempt)
    one._over, one._events = False, __import__("queue").Queue()
    path = put(tmp_path / "events", b"[1]\n\xff\n" + b"[" * 300_000 + b'\n{"event": "cell"}\n')
    with path.open("rb") as stream:
        one._output = stream
        thread = threading.Thread(target=one._listen)
        thread.start(), thread.join(10)
    assert [one._events.get(timeout=1) for _ in range(2)] == [{"event": "cell"}, None]


@pytest.mark.skipif(os.name != "posix", reason="not on Windows: links need rights")
def test_a_link_is_not_followed(tmp_path):
    put(tmp_path / "anna.ipynb", notebook().case().content)
    (tmp_path / "bert.ipynb").symlink_to(tmp_path / "anna.ipynb")
    anna, bert = find(tmp_path).submissions
    assert (anna.problem, bert.cells) == ("", ()) and "is a link" in bert.problem


def test_the_whole_batch_can_be_run_as_a_script():
    """As INSTRUCTORS says: only started here, since it takes minutes."""
    start = "import runpy; runpy.run_path('tests/instructors/grading_batch.py', run_name='only loaded')"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", start], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
