"""What happens to the one who grades: interrupted, killed, two at once, a full disk, a table in the wrong place."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from llmlab.grading import GraderBroken, Row, grade_folder, summary
from llmlab.instructors.grade import attempt
from llmlab.instructors.grade import folder as grading_folder
from llmlab.instructors.grade import judge as judging
from llmlab.instructors.grade.attempt import Limits, Verdict
from llmlab.instructors.grade.judge import Judge
from llmlab.instructors.grade.machine import Protection, protection
from llmlab.instructors.grade.safe_text import cell, name_shown, shown
from llmlab.instructors.grade.table import HEADER, Table, as_cells, partial_of, write_table
from llmlab.instructors.grade.workplace import Workplace
from tests import PYTHON_PATH
from tests.instructors.grading_batch import IDS, SOLVED, notebook

POSIX = pytest.mark.skipif(os.name != "posix", reason="not on Windows: signals, links and modes are another matter")
PASSED = {id: Verdict("passed", "") for id in IDS}


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def quick(monkeypatch):
    """Nothing is run: every answer has passed."""
    monkeypatch.setattr(grading_folder, "grade_one", lambda *_: (dict(PASSED), []))
    monkeypatch.setattr(grading_folder, "fill_home", lambda *_: None)
    monkeypatch.setattr(grading_folder, "protection", lambda: Protection("kernel", "kernel", "kernel", False))


# Ended from outside

KILLED = """
import sys
from llmlab.instructors.grade import attempt, folder, machine
if {plain}:
    attempt._BOOT = attempt._BOOT.replace("main()", "import llmlab.instructors.grade.guard as g; "
        "g.enter = lambda *_: False; main()")
    folder.protection = lambda: machine.Protection("python", "python", "python", False)
else:
    machine.prefix = machine.prefix if {wrapped} else lambda *_: []
folder.grade_folder("in", "grades.csv", progress=False)
"""


@POSIX
@pytest.mark.parametrize(
    ("number", "how"),
    [
        *(("SIGKILL", how) for how in ("namespaces", "bubblewrap", "python")),
        *((number, "python") for number in ("SIGTERM", "SIGHUP")),
    ],
)
def test_a_grader_that_is_killed_leaves_nothing(tmp_path, how, number):
    """Its processes, the notebook's endless loop and the folders are gone a moment later."""
    hidden = "import subprocess, time\\nsubprocess.Popen(['sleep', '7654.5'], start_new_session=True)\\ntime.sleep(600)"
    put(tmp_path / "in/03_x.ipynb", notebook().insert(hidden.replace("\\n", "\n")).case().content)
    (tmp_path / "tmp").mkdir()
    script = KILLED.format(plain=how == "python", wrapped=how == "bubblewrap")
    environment = os.environ | {"PYTHONPATH": PYTHON_PATH, "TMPDIR": str(tmp_path / "tmp")}
    grader = psutil.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, start_new_session=True
    )
    end = time.monotonic() + 60
    while time.monotonic() < end:
        started = grader.children(recursive=True)
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended between two looks
            if any("7654.5" in " ".join(one.cmdline()) for one in started):
                break
        time.sleep(0.1)
    else:
        pytest.fail("the notebook never came to its endless cell")
    os.kill(grader.pid, getattr(signal, number))
    errors = grader.communicate(timeout=120)[1].decode()
    gone, alive = psutil.wait_procs(started, timeout=120)
    assert alive == []
    end = time.monotonic() + 20
    while list((tmp_path / "tmp").iterdir()) and time.monotonic() < end:
        time.sleep(0.05)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "grades.csv").exists()
    if number != "SIGKILL":
        assert "Stopped: 0 of 1 notebooks were graded. grades.csv was not written." in errors


def test_what_ctrl_c_leaves_is_said_with_an_exit_code(tmp_path, monkeypatch, quick, capsys):
    from llmlab.instructors.grade import command

    put(tmp_path / "in/a/03_x.ipynb", b""), put(tmp_path / "in/b/03_x.ipynb", SOLVED.read_bytes())
    write_table(tmp_path / "g.csv", [])
    before = (tmp_path / "g.csv").read_bytes()

    def pressed(*given):
        os.kill(os.getpid(), signal.SIGINT)
        assert given[-1].wait(60), "Ctrl-C stops what is graded"
        raise attempt.Cancelled

    monkeypatch.setattr(grading_folder, "grade_one", pressed)
    assert command.grade(tmp_path / "in", tmp_path / "g.csv", seconds=9, memory_mb=900, jobs=1) == 130
    said = capsys.readouterr().out
    assert "Stopped: 1 of 2 notebooks were graded. Their rows are in" in said and "g.csv is as it was" in said
    assert (tmp_path / "g.csv").read_bytes() == before
    assert {row["student"] for row in read_csv(tmp_path / "g.partial.csv")} == {"a"}
    monkeypatch.setattr(grading_folder, "grade_one", lambda *_: (dict(PASSED), []))
    rows = grade_folder(tmp_path / "in", tmp_path / "g.csv", changed_only=True, progress=False)
    assert {row.student for row in rows} == {"a", "b"} and not (tmp_path / "g.partial.csv").exists()


# The table


@POSIX
def test_two_graders_cannot_write_one_table(tmp_path):
    first = Table(tmp_path / "g.csv")
    with pytest.raises(ValueError, match=r"g.csv is being written by another llmlab grade: wait for it, or"):
        Table(tmp_path / "g.csv")
    first.add([Row("anna", "a", "03", "03.1", "passed", "", "", "")])
    first.finish(first.rows)
    assert len(read_csv(tmp_path / "g.csv")) == 1
    Table(tmp_path / "g.csv").leave()


@POSIX
def test_a_table_keeps_its_mode_and_a_link_stays_one(tmp_path, quick):
    put(tmp_path / "in/03_x.ipynb", SOLVED.read_bytes())
    write_table(tmp_path / "real.csv", [])
    (tmp_path / "real.csv").chmod(0o600)
    (tmp_path / "g.csv").symlink_to("real.csv")
    grade_folder(tmp_path / "in", tmp_path / "g.csv", progress=False)
    assert (tmp_path / "g.csv").is_symlink() and len(read_csv(tmp_path / "real.csv")) == len(IDS)
    assert (tmp_path / "real.csv").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.csv", "in", "real.csv"]


@POSIX
@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("in/b/03_x.ipynb", "holds something else than a table of grades"),
        ("/dev/null", "is a device or a pipe: give a file"),
        ("mine.csv", r"has columns of its own \(my remarks\), which would be lost: give another file"),
    ],
)
def test_what_a_table_is_never_written_over(tmp_path, out, message, quick):
    put(tmp_path / "in/b/03_x.ipynb", SOLVED.read_bytes())
    put(tmp_path / "mine.csv", ("\ufeff" + ",".join(HEADER) + ",my remarks\r\n").encode())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises((ValueError, OSError), match=message):
        grade_folder(tmp_path / "in", tmp_path / out, progress=False)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@POSIX
def test_a_folder_that_takes_no_new_file_any_more_still_gets_its_table(tmp_path, monkeypatch):
    """As when a submission changed its rights: the table is written in place."""
    write_table(tmp_path / "g.csv", [])
    write_bytes = Path.write_bytes

    def refusing(path, data):
        if path.suffix == ".tmp":
            raise PermissionError(13, "Permission denied")
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", refusing)
    write_table(tmp_path / "g.csv", [Row("anna", "a", "03", "03.1", "passed", "", "", "")])
    assert [row["student"] for row in read_csv(tmp_path / "g.csv")] == ["anna"]


def test_a_full_temporary_folder_is_said_with_its_name(tmp_path, monkeypatch, quick):
    put(tmp_path / "in/03_x.ipynb", SOLVED.read_bytes())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(grading_folder, "grade_one", full)
    rows = grade_folder(tmp_path / "in", tmp_path / "g.csv", progress=False)
    assert {row.status for row in rows} == {"error"}
    assert rows[0].message.startswith("The grader could not work in /") or os.name != "posix"
    assert rows[0].message.endswith(": No space left on device.")


# What may act where it is shown

CONTROLS = ["\x1b]0;title\x07", "\x1b[2J", "a\rb", "\u202egnp.exe", "\u200b", "\x9b31m", "\u2066x", "\ufeff"]


@pytest.mark.parametrize("text", CONTROLS)
def test_control_characters_reach_neither_terminal_nor_table(text):
    row = Row(f"x{text}", f"n{text}", "03", "03.1", "failed", f"m{text}", f"s{text}", f"o{text}")
    for value in (summary([row], [f"z{text} is a link"]), *as_cells(row), shown(text), name_shown(text)):
        assert all(one == "\n" or one.isprintable() for one in value), ascii(value)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d"])
@pytest.mark.parametrize("before", ["", " ", "a;", "a; ", 'a;"', "a|", "\ta\t"])
def test_no_text_is_a_formula_whatever_the_separator(start, before):
    row = Row(f"{before}{start}1", "n", "03", "03.1", "failed", "", f"{before}{start}1", "")
    for value in (as_cells(row)[0], as_cells(row)[6]):
        for separator in (";", "|", "\t"):
            assert not any(
                part.strip(" \"'=").startswith(start) and not part.strip(' "').startswith("'")
                for part in value.split(separator)
                if start in part
            ), value
    assert cell("3 - 2 = 1, -1") == "3 - 2 = 1, -1", "a message stays as it is"


# A submission that says too much


class Replying:
    """A submission's process that answers whatever it is asked with one line."""

    def __init__(self, line: str) -> None:
        self._line = line

    def send(self, line: str) -> None: ...

    def event(self, end: float, stop: threading.Event) -> dict:
        return {"event": "reply", "line": self._line}


def judged(judge: Judge, line: str) -> Verdict:
    return judge.verdict("03", "03.2", Replying(line), 60, time.monotonic() + 60, threading.Event())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="on Linux only: a limit on private memory")
def test_a_reply_too_large_for_the_checker_ends_no_batch(monkeypatch):
    small = judging._BOOT.replace(
        "; main()", "; import llmlab.instructors.grade.checker as c; c._MEGABYTES = 900; main()"
    )
    monkeypatch.setattr(judging, "_BOOT", small)
    with closing(Judge(1)) as judge:
        large = judged(judge, '{"dict": [["look", [' + "[]," * (9 * 2**20) + "[]]]]}")
        assert large.status == "error" and re.search("MemoryError|came to its end", large.message), large
        assert judged(judge, "no value").status == "error", "the next answer is judged all the same"


def test_a_checker_that_comes_to_its_end_is_one_answers_row(monkeypatch):
    dying = "; import llmlab.instructors.grade.checker as c; c.judged = lambda *_: __import__('os')._exit(1); main()"
    monkeypatch.setattr(judging, "_BOOT", judging._BOOT.replace("; main()", dying))
    with closing(Judge(1)) as judge:
        for _ in range(2):
            assert judged(judge, "").message.startswith("The check came to its end on what this answer gave back")


def test_a_checker_that_never_starts_is_the_machines_fault(monkeypatch):
    monkeypatch.setattr(judging, "_BOOT", "raise SystemExit(1)  # {path!r}")
    with closing(Judge(1)) as judge, pytest.raises(GraderBroken, match="does not start; is there memory for it"):
        judged(judge, "")


def test_of_a_long_line_nothing_but_a_replys_text_is_built():
    long = "x" * 2_000_000
    line = json.dumps({"event": "reply", "line": long + '"\\'}).encode() + b"\n"
    assert attempt._long_reply(line) == {"event": "reply", "line": long + '"\\'}
    for forged in (
        b'{"event": "reply", "line": [' + b"[]," * 9 + b"[]]}\n",
        b'{"event": "reply", "line": "a", "b": ["c"}\n',
    ):
        with pytest.raises(ValueError, match=r"a long line is a reply|Extra data"):
            attempt._long_reply(forged)


def test_events_without_end_do_not_stop_the_clock():
    one = attempt.Attempt.__new__(attempt.Attempt)
    one._events = type("Endless", (), {"get": lambda self, timeout: {"event": "cell", "place": 1}})()
    one._beyond = lambda: ""
    end = time.monotonic() + 0.2
    with pytest.raises(attempt.Ended, match="timeout"):
        while True:
            one.event(end, threading.Event())


# Limits and what is required


def test_too_many_processes_end_the_cell_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(grading_folder, "Limits", lambda *a, **k: Limits(*a, **{**k, "processes": 30}))
    bomb = "import subprocess, time\nall = [subprocess.Popen(['sleep', '60']) for _ in range(50)]\ntime.sleep(60)"
    put(tmp_path / "in/03_x.ipynb", notebook().insert(bomb).case().content)
    rows = grade_folder(tmp_path / "in", tmp_path / "g.csv", progress=False)
    assert {row.status for row in rows} == {"passed"}
    # Where the kernel counts, too, the cell gets an error before the grader has looked.
    assert "cell 2 started more than 30 processes" in rows[0].notes or "BlockingIOError" in rows[0].notes


def test_isolation_that_is_required_and_not_there_refuses_to_run(tmp_path, quick, monkeypatch):
    put(tmp_path / "in/03_x.ipynb", SOLVED.read_bytes())
    less = Protection("kernel", "kernel", "python", False)
    assert not less.whole and Protection("kernel", "kernel", "kernel", True).whole
    monkeypatch.setattr(grading_folder, "protection", lambda: less)
    with pytest.raises(GraderBroken, match=r"less protects this machine here than is required\. Processes: held"):
        grade_folder(tmp_path / "in", tmp_path / "g.csv", required=True, progress=False)
    assert not (tmp_path / "g.csv").exists() and not partial_of(tmp_path / "g.csv").exists()


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_first_line_says_which_protection(monkeypatch, wrapped):
    from llmlab.instructors.grade import machine

    if not wrapped:
        monkeypatch.setattr(machine, "prefix", lambda *_: [])
    found = protection()
    if found.processes != "kernel":
        pytest.skip("this kernel or container offers no namespaces")
    assert ("(bubblewrap)" if found.wrapped else "(namespaces)") in str(found)
    assert not (found.wrapped and not wrapped)


def test_nothing_beside_the_submissions_is_imported(tmp_path):
    """`python -m llmlab grade .` inside the folder: a student's tqdm.py is a file like any other."""
    put(tmp_path / "03_x.ipynb", b"")
    for name in ("tqdm", "psutil", "IPython", "rich", "typer", "csv"):
        put(tmp_path / f"{name}.py", b"open('ran', 'w')")
    environment = os.environ | {"PYTHONPATH": PYTHON_PATH}
    done = subprocess.run(
        [sys.executable, "-m", "llmlab", "grade", ".", "--out", "g.csv"],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "tqdm.py is no notebook" in done.stdout and not (tmp_path / "ran").exists()


def test_the_workplace_is_cleared_by_whoever_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    place = Workplace()
    assert [path.name for path in place.new().iterdir()] and list(tmp_path.iterdir())
    place._clearing.stdin.close()  # as when the grader is gone
    place._clearing.wait(20)
    assert list(tmp_path.iterdir()) == []
