"""What the one who grades met with a first grader, as far as the other files do not have it: words, files, codes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import tqdm

from llmlab.grading import GraderBroken, Row, grade_folder, summary
from llmlab.instructors import outputs
from llmlab.instructors.grade import attempt, command
from llmlab.instructors.grade import folder as grading_folder
from llmlab.instructors.grade.attempt import Verdict
from llmlab.instructors.grade.machine import Protection
from llmlab.instructors.grade.stopping import Stopping
from llmlab.instructors.grade.table import Table, as_cells, write_table
from tests import PYTHON_PATH, ROOT
from tests.instructors.grading_batch import IDS, SOLVED

LIMITS = {"seconds": 60, "memory_mb": 900, "jobs": 1}
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="on Linux only: rights that root has")


@pytest.fixture
def submitted(tmp_path, monkeypatch):
    """A folder with one notebook; nothing is run, every answer has passed."""
    (tmp_path / "in/anna").mkdir(parents=True)
    (tmp_path / "in/anna/03_x.ipynb").write_bytes(SOLVED.read_bytes())
    monkeypatch.setattr(grading_folder, "grade_one", lambda *_: ({id: Verdict("passed", "") for id in IDS}, []))
    monkeypatch.setattr(grading_folder, "fill_home", lambda *_: None)
    monkeypatch.setattr(grading_folder, "protection", lambda: Protection("kernel", "kernel", "kernel", False))
    return tmp_path / "in"


# The table


def test_a_broken_start_leaves_last_weeks_table(tmp_path, submitted, monkeypatch):
    write_table(tmp_path / "g.csv", [Row("zoe", "z", "03", "03.1", "passed", "", "", "")])
    last = (tmp_path / "g.csv").read_bytes()

    def broken(*_):
        raise GraderBroken("the grading process cannot start on this machine")

    monkeypatch.setattr(grading_folder, "grade_one", broken)
    with pytest.raises(GraderBroken):
        grade_folder(submitted, tmp_path / "g.csv", progress=False)
    assert (tmp_path / "g.csv").read_bytes() == last
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.csv", "in"]


def test_two_graders_with_two_tables_do_not_meet(tmp_path):
    first, second = Table(tmp_path / "a.csv"), Table(tmp_path / "b.csv")
    for table in (first, second):
        table.finish([Row("anna", "a", "03", "03.1", "passed", "", "", "")])
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@LINUX
def test_a_folder_whose_rights_were_taken_still_gets_its_table(tmp_path):
    """Done for real, without the right of root to write everywhere."""
    write_table(tmp_path / "g.csv", [])
    tmp_path.chmod(0o500)
    code = (
        "import ctypes\nfrom pathlib import Path\nfrom llmlab.instructors.grade import jail\n"
        "from llmlab.instructors.grade.table import Row, write_table\njail._drop_rights(ctypes.CDLL(None))\n"
        "try:\n    Path('new').touch()\nexcept PermissionError:\n    print('refused')\n"
        "write_table(Path('g.csv').resolve(), [Row('anna', 'a', '03', '03.1', 'passed', '', '', '')])"
    )
    environment = os.environ | {"PYTHONPATH": PYTHON_PATH, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
    finally:
        tmp_path.chmod(0o700)
    assert (done.stdout, done.returncode) == ("refused\n", 0), done.stderr
    assert "anna" in (tmp_path / "g.csv").read_text(encoding="utf-8-sig")


def test_a_full_disk_at_the_end_is_said_with_the_files_name_and_ends_with_1(tmp_path, submitted, monkeypatch, capsys):
    replace_file = outputs.replace_file

    def full(file, *given):
        if file == tmp_path / "g.csv":
            raise OSError(28, "No space left on device")
        replace_file(file, *given)

    monkeypatch.setattr("llmlab.instructors.grade.table.replace_file", full)
    assert command.grade(submitted, tmp_path / "g.csv", **LIMITS) == 1
    said = capsys.readouterr().out
    lost = r"g\.csv could not be written \(No space left on device\)\. Nothing is lost: it is in (.*)\.\n"
    kept = re.search(lost, said)
    assert kept and "Status: 6 passed." in said
    shutil.rmtree(Path(kept[1]).parent)


def test_a_full_temporary_folder_is_no_list_of_paths(tmp_path, submitted, monkeypatch):
    """As copying a folder says it: one error for each file."""

    def full(*_):
        raise shutil.Error([(f"/tmp/{n}", f"/tmp/to/{n}", "No space left on device") for n in range(50)])

    monkeypatch.setattr(grading_folder, "grade_one", full)
    rows = grade_folder(submitted, tmp_path / "g.csv", progress=False)
    assert {row.status for row in rows} == {"error"}
    assert re.fullmatch(r"The grader could not work in \S+: No space left on device\.", rows[0].message)


# The terminal


@pytest.mark.parametrize("end", ["\n", "\r\n", "\x0b", "\x85", "\u2028"])
def test_a_line_end_in_a_name_ends_no_line(end):
    row = Row(f"an{end}na", f"an{end}na.ipynb", "03", "03.1", "crashed", "", f"a{end}b", f"c{end}d")
    calm = Row("anna", "anna.ipynb", "03", "03.1", "crashed", "", "a b", "c d")
    said, expected = summary([row], [f"x{end}y is a link"]), summary([calm], ["x y is a link"])
    assert len(said.splitlines()) == len(expected.splitlines())
    assert all(len(cell.splitlines()) <= 1 for cell in as_cells(row))


def test_the_bar_names_what_is_running(tmp_path, submitted, monkeypatch):
    named = []
    monkeypatch.setattr(tqdm.tqdm, "set_postfix_str", lambda self, text, refresh=True: named.append(text))
    rows = grade_folder(submitted, tmp_path / "g.csv")
    assert set(named) == {"anna/03_x.ipynb"} and all(row.seconds >= 0 for row in rows)


def test_what_was_asked_for_is_known(tmp_path, submitted):
    """Lesson 03: whoever has none of it gets a row, and a notebook of another lesson is passed over with a line."""
    other = SOLVED.with_name("05_positions.ipynb")
    (submitted / "bert.ipynb").write_bytes(other.read_bytes())
    (submitted / "odd.ipynb").write_bytes(b"")
    options = {"students": ["anna", "carl"], "lessons": ["03"], "progress": False}
    graded = grading_folder.grade_all(submitted, tmp_path / "g.csv", **options)
    bare = {(row.student, row.lesson, row.status) for row in graded.rows if not row.exercise}
    assert bare == {(name, "03", "not_submitted") for name in ("bert", "carl", "odd")} | {("odd", "", "unreadable")}
    assert {row.message for row in graded.rows if row.status == "not_submitted"} == {
        "There is no notebook of lesson 03 of this student."
    }
    assert {row.student for row in graded.rows if row.status == "passed"} == {"anna"}
    assert graded.not_graded == ["bert.ipynb is of lesson 05, which was not asked for"]
    with pytest.raises(ValueError, match="there is no lesson '77' with exercises; give a number such as 03"):
        grade_folder(submitted, tmp_path / "g.csv", lessons=["77"], progress=False)


@pytest.mark.skipif(os.name != "posix", reason="not on Windows: signals, links and modes are another matter")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_each_signal_has_the_exit_code_that_the_page_says(name, code):
    page = (ROOT / "docs/INSTRUCTORS.md").read_text(encoding="utf-8")
    assert re.search(rf"^\|.*\b{code}\b.*\|", page, re.MULTILINE)
    before = signal.getsignal(getattr(signal, name))
    signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        with Stopping() as stopping:
            os.kill(os.getpid(), getattr(signal, name))
            assert stopping.event.wait(10)
        assert stopping.code == code
    finally:
        signal.signal(getattr(signal, name), before)


# A submission that says more than anybody reads


def test_what_nobody_has_read_yet_is_bounded():
    """A cell that writes events without pause waits; the grader does not grow."""
    one = attempt.Attempt.__new__(attempt.Attempt)
    one._over, one._events = False, attempt.queue.Queue(attempt._MOST_WAITING)
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb") as said:
        one._output = stream
        thread = threading.Thread(target=one._listen, daemon=True)
        thread.start()
        line = json.dumps({"event": "cell", "place": 1}).encode() + b"\n"
        os.set_blocking(said.fileno(), False)
        written = 0
        for _ in range(100):
            try:
                written += os.write(said.fileno(), line * 1000)
            except BlockingIOError:
                threading.Event().wait(0.01)
        assert one._events.qsize() == attempt._MOST_WAITING
        assert written < 10 * 2**20 and thread.is_alive()
        one._over = True
    thread.join(10)
    assert not thread.is_alive()
