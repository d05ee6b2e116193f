"""What an attack on the grader found, and what honest notebooks met on the way: each was so, and is no more."""

from __future__ import annotations

import bz2
import csv
import io
import json
import math
import platform
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from llmlab.exercises.engine import calling
from llmlab.exercises.engine.catalogue import exercise
from llmlab.exercises.engine.wire import from_text
from llmlab.grading import Row, grade_folder
from llmlab.instructors.grade import attempt, notebooks, submissions, walk
from llmlab.instructors.grade import folder as grading_folder
from llmlab.instructors.grade.attempt import Limits, Verdict
from llmlab.instructors.grade.beside import Beside, contents_of
from llmlab.instructors.grade.bubblewrap import prefix
from llmlab.instructors.grade.earlier import Earlier, fingerprint
from llmlab.instructors.grade.feedback import file_name
from llmlab.instructors.grade.gradebook import read_students
from llmlab.instructors.grade.machine import Protection
from llmlab.instructors.grade.places import import_path, readable
from llmlab.instructors.grade.points import read_points
from llmlab.instructors.grade.submissions import Submission, find
from llmlab.instructors.grade.table import write_table
from tests.instructors.grading_batch import notebook

LINUX = pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() not in ("x86_64", "aarch64"),
    reason="on Linux only: the kernel's means, on x86-64 and AArch64",
)


def put(path: Path, content: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zipped(way: int, **members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", way) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


# Out of the sandbox

CALLS = """
import ctypes, os, socket, subprocess, sys, threading
from llmlab.instructors.grade.calls import refuse_calls
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *given):
    return libc.syscall(number, *given) == -1 and ctypes.get_errno() == 38
arm = os.uname().machine == "aarch64"
assert refuse_calls()
assert refused(279 if arm else 319, b"x", 0), "memory of nobody: memfd_create"
assert refused(194 if arm else 29, 0, 4096, 0o1600), "memory of nobody: shmget"
assert refused(219 if arm else 250, 6, ctypes.c_long(-3), 0, 0), "the instructor's keys"
assert refused(97 if arm else 272, 0x10000000), "unshare, for capabilities in namespaces of its own"
assert refused(220 if arm else 56, 0x10000000 | 17, 0, 0, 0, 0), "clone, for the same"
assert refused(425, 4, None), "io_uring_setup"
for family in (38, 40):  # the kernel's cryptography, and the machine beneath
    try:
        socket.socket(family, socket.SOCK_STREAM)
        sys.exit(f"a socket of family {family}")
    except OSError as error:
        assert error.errno == 97, error
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
    socket.socket(family).close()
thread = threading.Thread(target=print)
thread.start(), thread.join()
assert subprocess.run(["sh", "-c", "true; (exit 3)"]).returncode == 3
"""


@LINUX
def test_calls_that_namespaces_do_not_hold_are_refused_and_others_are_not():
    done = subprocess.run([sys.executable, "-c", CALLS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


BOX = """
import sys; sys.path[:] = {path!r}
import json, os, pathlib
from llmlab.instructors.grade import guard
guard._keep_to = lambda *_: True
held = guard.confine(pathlib.Path({folder!r}), 512, {read!r}, {wrapped!r})
def seen(place):
    try:
        return sorted(os.listdir(place))
    except OSError as error:
        return type(error).__name__
def written(place):
    try:
        pathlib.Path(place).write_text("x")
        return True
    except OSError:
        return False
tmp = os.statvfs("/tmp")
print(json.dumps(dict(held=held, here=seen("."), up=seen("/proc/1/cwd/{up}"), tmp=tmp.f_frsize * tmp.f_blocks,
    writes=[place for place in ("x", "/tmp/x", "/dev/x", "/run/x", "/x") if written(place)])))
"""


@LINUX
@pytest.mark.parametrize("wrapped", [False, True])
def test_namespaces_alone_hold_what_landlock_holds_a_second_time(tmp_path, wrapped):
    """The first process of the namespace still stood in the old tree: /proc/1/cwd led to every file of the machine."""
    secret = put(tmp_path / "secret.txt", b"mine")
    folder = tmp_path / "own"
    (folder / "work").mkdir(parents=True)
    before = prefix(folder, 512, readable()) if wrapped else []
    if wrapped and not before:
        pytest.skip("bubblewrap is not installed")
    given = {"path": import_path(), "folder": str(folder), "read": readable(), "wrapped": wrapped, "up": "../.."}
    command = [*before, sys.executable, "-B", "-c", BOX.format(**given)]
    done = subprocess.run(command, cwd=folder / "work", capture_output=True, text=True, start_new_session=True)
    if done.returncode or json.loads(done.stdout)["held"]["processes"] != "kernel":
        pytest.skip("this kernel or container offers no namespaces")
    found = json.loads(done.stdout)
    assert found["here"] == [] and secret.name not in found["up"]
    assert found["writes"] == ["x", "/tmp/x"] and found["tmp"] == 64 * 2**20


def test_threads_count_as_processes_do(monkeypatch):
    one = attempt.Attempt.__new__(attempt.Attempt)
    one._limits, one._process = Limits(9, 900, 1, processes=20), SimpleNamespace(returncode=0)
    busy = SimpleNamespace(memory_info=lambda: SimpleNamespace(rss=0), num_threads=lambda: 150)
    one._seen = {1: busy}
    assert one._beyond() == ""
    one._seen = {1: busy, 2: busy}
    assert one._beyond() == "too_many"


# Verdicts


@pytest.mark.parametrize("shape", [[2, 3], [], [1]])
def test_a_tensor_without_numbers_is_no_window_into_the_checkers_memory(shape):
    with pytest.raises(ValueError, match="as many numbers as its shape says|no value"):
        from_text(json.dumps({"tensor": ["float32", shape, "", False]}))
    assert from_text('{"tensor": ["float32", [0, 3], "", false]}').shape == (0, 3)


def test_nan_is_no_right_number():
    """Two models right and everything else NaN: no difference to NaN is larger than anything."""
    one = exercise("10.2")
    names = {}
    exec(one._sources["solution"], names)
    right = names["operations"]
    small = []

    def operations(V, D, L, B, T):
        small.append(V)
        return right(V, D, L, B, T) if len(small) <= 2 else (math.nan,) * 3

    assert one.judged(calling.LocalAnswer(right)).status == "passed"
    assert one.judged(calling.LocalAnswer(operations)).misconception == "tied-to-the-example"


# What one student takes from the others


def test_the_many_files_of_one_student_cost_no_other_one_a_row(tmp_path, monkeypatch):
    monkeypatch.setattr(walk, "_MOST_ENTRIES", 10)
    for name in ("anna", "zoe"):
        put(tmp_path / name / "deep" / "er" / "03.ipynb")
    put(tmp_path / "max" / "work" / "03.ipynb")
    for number in range(30):
        put(tmp_path / "max" / "venv" / "lib" / f"{number}.py")
    found = find(tmp_path)
    assert [one.name for one in found.submissions] == [
        *("anna/deep/er/03.ipynb", "max/work/03.ipynb"),  # what lies less deep comes first
        "zoe/deep/er/03.ipynb",
    ]
    assert [line for line in found.not_graded if "one student has more than 10 files" in line]


def test_notebooks_and_zips_without_end_of_one_student_are_not_all_graded(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "_MOST_NOTEBOOKS", 3)
    for number in range(5):
        put(tmp_path / "max" / f"03_{number}.ipynb")
        put(tmp_path / "max" / f"{number}.zip", zipped(zipfile.ZIP_STORED, **{"x.txt": b""}))
    put(tmp_path / "zip.zip", zipped(zipfile.ZIP_STORED, **{f"03_{n}.ipynb": b"" for n in range(5)}))
    put(tmp_path / "zoe.ipynb")
    found = find(tmp_path)
    students = [one.student for one in found.submissions]
    assert {name: students.count(name) for name in students} == {"max": 3, "zip": 3, "zoe": 1}
    assert sum("is one notebook more than 3 of one student" in line for line in found.not_graded) == 4
    assert sum("is one zip more than 3 of one student" in line for line in found.not_graded) == 2


def test_cells_without_end_are_not_all_read(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "_MOST_CELLS", 10)
    content = {"cells": [{"cell_type": "code", "source": "a"}] * 11}
    problem = notebooks.read_notebook(json.dumps(content).encode(), "03_x")["problem"]
    assert "it has more than 10 cells of code, which no lesson needs" in problem


def beside(tmp_path: Path, content: bytes, *names: str) -> list[Beside]:
    path = put(tmp_path / "x.zip", content)
    return [Beside(name, path, name) for name in names]


def test_a_zip_that_unpacks_a_few_bytes_to_any_number_is_not_unpacked_in_the_grader(tmp_path, monkeypatch):
    packed = bz2.compress(b"\0" * 50_000_000)  # as a member that says it has 10 bytes
    content = zipped(zipfile.ZIP_STORED, **{"data.bin": packed})
    size = struct.pack("<I", len(packed))
    content = content.replace(size + size, size + struct.pack("<I", 10))
    head, method = b"PK\x01\x02", struct.pack("<H", zipfile.ZIP_BZIP2)
    place = content.rindex(head) + 10
    content = content[:place] + method + content[place + 2 :]
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    assert list(contents_of(beside(tmp_path, content, "data.bin"))) == []


def test_what_lies_beside_a_notebook_is_read_within_the_bounds_alone(tmp_path, monkeypatch):
    many = {f"{n:03}": bytes([n]) for n in range(150)}
    files = beside(tmp_path, zipped(zipfile.ZIP_DEFLATED, **many), *many)
    assert len(list(contents_of(files))) == 100
    monkeypatch.setattr("llmlab.instructors.grade.beside._MOST", 20_000)
    large = {f"{n}": b"\0" * 15_000 for n in range(20)}
    files = beside(tmp_path, zipped(zipfile.ZIP_DEFLATED, **large), *large)
    opened = []
    unpack = zipfile.ZipFile.open
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda self, one, *a: opened.append(one) or unpack(self, one, *a))
    assert len(list(contents_of(files))) == 1
    mark = fingerprint(Submission("max", tmp_path, "max.zip", beside=tuple(files), fingerprint="x"))
    assert mark and len(opened) == 2, "the fingerprint reads no more than that"


# Rows that were taken over


def test_a_table_in_which_somebody_wrote_is_no_trap(tmp_path):
    given = {"notebook": "a", "lesson": "03", "misconception": "", "message": "", "notes": "", "fingerprint": "x"}
    write_table(tmp_path / "g.csv", [Row(student="max", exercise="03.1", status="excused", **given)])
    assert not Earlier(tmp_path / "g.csv")._rows


@pytest.mark.parametrize("status", ["timeout", "out_of_memory", "crashed", "error"])
def test_what_may_end_otherwise_is_tried_again(tmp_path, monkeypatch, status):
    monkeypatch.setattr(grading_folder, "fill_home", lambda *_: None)
    monkeypatch.setattr(grading_folder, "protection", lambda: Protection("kernel", "kernel", "kernel", False))

    def graded(*_):
        if status == "error":
            raise OSError(28, "No space left on device")
        return dict.fromkeys([f"03.{n}" for n in range(1, 7)], Verdict(status, "")), []

    put(tmp_path / "in" / "03_x.ipynb", notebook().case().content)
    monkeypatch.setattr(grading_folder, "grade_one", graded)
    rows = grade_folder(tmp_path / "in", tmp_path / "g.csv", progress=False)
    assert {row.status for row in rows} == {status} and {row.fingerprint for row in rows} == {""}


# Names


def test_a_letter_that_grows_when_it_is_lowered_moves_no_ending(tmp_path):
    """ "İ" has one character and its small form two: İrem was graded as "İrem.", and of İrem there was nothing."""
    put(tmp_path / "\u0130rem.ipynb"), put(tmp_path / "\u0130lk" / "\u0130_03_x.ipynb")
    assert [(one.student, one.lessons) for one in find(tmp_path).submissions] == [
        ("\u0130lk", ("03",)),
        ("\u0130rem", ()),
    ]


def test_no_student_gets_the_page_of_another_one():
    assert file_name("x\udcfe") != file_name("x\udcff")
    assert len(file_name("X").removesuffix(".html").partition("-")[2]) >= 32, "nobody finds a name with the same one"
    assert file_name("com1") != "com1.html"
    assert file_name("-rf").startswith("rf-"), "no name that a command takes for an option"


def test_a_refusal_shows_no_control_characters(tmp_path):
    (tmp_path / "x\x1b[2J.ipynb").symlink_to("nowhere")
    with pytest.raises(ValueError, match=r"there is no notebook .*x<U\+001B>\[2J\.ipynb is a link"):
        find(tmp_path)


def test_lists_that_cannot_be_read_are_refused_in_a_sentence(tmp_path):
    students = put(tmp_path / "students.csv", b'student,name\nanna,"' + b"x" * (csv.field_size_limit() + 2))
    with pytest.raises(ValueError, match=r"students.csv cannot be read as CSV .*quotation mark left open"):
        read_students(students)
    points = put(tmp_path / "points.toml", b"[points]\ndefault = 1" + b"0" * 400)
    with pytest.raises(ValueError, match="a number of at least 0 is expected"):
        read_points(points)


# Honest notebooks, and a file that ended the batch

RECURSIVE = """
def make_windows(token_ids, max_length, stride):
    def depth(n):
        return n and depth(n - 1)
    depth(5_000)
    starts = range(0, len(token_ids) - max_length, stride)
    return [(token_ids[i : i + max_length], token_ids[i + 1 : i + max_length + 1]) for i in starts]
"""
UNUSUAL = [
    "import subprocess\nsubprocess.run(['python', '-c', 'import llmlab'], check=True)",
    "import sys\nsys.setrecursionlimit(20_000)",
    "%matplotlib qt\n%matplotlib tk\nassert True",
    "open('/tmp/x.txt', 'w').write('x')\nassert open('/tmp/x.txt').read() == 'x'",
    "import asyncio\nasync def three(): return 3\ntask = asyncio.create_task(three())",
    "assert await task == 3",
    "%%capture seen\nprint('hi')",
    "assert seen.stdout == 'hi\\n'",
    "exit()",
    "import os, shutil\nhere = os.getcwd()\nos.chdir('/')\nshutil.rmtree(here)",
]


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("honest")
    for name in ("unusual", "torch beside"):
        nb = notebook()
        nb.cells = nb.cells[:1] + [one for one in nb.cells if one["metadata"].get("exercise") == "03.2"]
        if name == "unusual":
            nb.write("03.2", RECURSIVE)
            for cell in reversed(UNUSUAL):
                nb.insert(cell)
        put(folder / name / "03_x.ipynb", nb.case().content)
    put(folder / "torch beside" / "torch.py", b"raise RuntimeError('no grading today')")
    return {
        row.student: row for row in grade_folder(folder, folder / "g.csv", progress=False) if row.exercise == "03.2"
    }


def test_what_runs_in_jupyter_is_no_reason_to_refuse_an_answer(honest):
    row = honest["unusual"]
    assert row.status == "passed", row
    if sys.platform.startswith("linux") and "Permission" not in row.notes:  # in containers /tmp is the machine's
        assert row.notes == ""


def test_a_file_that_is_called_as_what_the_checks_import_does_not_end_the_batch(honest):
    """A torch.py beside a notebook was imported before the submission began: nobody got a row."""
    assert honest["torch beside"].status == "passed" and honest["torch beside"].notes == ""
