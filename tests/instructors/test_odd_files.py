"""What students hand in instead of one notebook in one file: everything gives a row or a line, nothing a traceback."""

from __future__ import annotations

import io
import json
import os
import socket
import sys
import time
import zipfile
from pathlib import Path

import pytest

from llmlab.instructors.grade import reader
from llmlab.instructors.grade.folder import _same_code
from llmlab.instructors.grade.notebooks import MOST_SOURCE, binds
from llmlab.instructors.grade.safe_text import name_shown
from llmlab.instructors.grade.standing import best_of
from llmlab.instructors.grade.submissions import exercises_of, find
from llmlab.instructors.grade.summary import summary
from llmlab.instructors.grade.table import Row
from llmlab.instructors.grade.trees import remove_tree
from llmlab.instructors.grade.walk import walk
from tests.instructors.grading_batch import SOLVED, STUDENT


def put(path: Path, content: bytes | dict) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def code(*sources: str) -> dict:
    return {"cells": [{"cell_type": "code", "source": source.splitlines(True)} for source in sources]}


WINDOWS = code("def make_windows(a, b, c):\n    return []")


def zipped(**members: bytes | dict) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content if isinstance(content, bytes) else json.dumps(content))
    return file.getvalue()


# Two lessons, two files, one name


def calls(*ids: str) -> list[str]:
    return [f'exercise("{id}").check(f)' for id in ids]


@pytest.mark.parametrize(
    ("ids", "lessons", "note"),
    [
        (["03.1", "03.2", "05.1", "05.2", "05.3"], ("03", "05"), ""),
        (["03.1", "03.2", "05.1", "05.2"], ("03", "05"), ""),
        (["03.1", "05.1"], ("03", "05"), ""),
        (["03.1", "03.2", "03.2", "05.1"], ("03",), "names an exercise of lesson 05, too, which was not graded here"),
    ],
)
def test_two_lessons_in_one_notebook(tmp_path, ids, lessons, note):
    put(tmp_path / "anna.ipynb", code(*calls(*ids)))
    (found,) = find(tmp_path).submissions
    assert (found.lessons, found.problem, "; ".join(found.notes)) == (lessons, "", note)
    assert {id[:2] for id in exercises_of(*found.lessons)} == set(lessons)


def test_a_name_that_says_another_lesson_than_the_cells(tmp_path):
    put(tmp_path / "anna" / "03_sliding_window.ipynb", code(*calls("05.1", "05.2")))
    (found,) = find(tmp_path).submissions
    assert found.lessons == ("05",) and found.notes == ("its name says lesson 03, its cells are of 05",)


@pytest.mark.parametrize(
    ("name", "lesson"),
    [
        ("22_anna_03_sliding_window.ipynb", "03"),
        ("group07_anna_03_sliding_window.ipynb", "03"),
        ("03_sliding_window_v2.ipynb", "03"),
        ("99_anna.ipynb", ""),
    ],
)
def test_the_lesson_of_an_empty_file_is_the_last_number_that_is_one(tmp_path, name, lesson):
    put(tmp_path / name, b"")
    (found,) = find(tmp_path).submissions
    assert "".join(found.lessons) == lesson


def row(notebook: str, status: str, notes: str = "", exercise: str = "03.1") -> Row:
    return Row("anna", notebook, "03", exercise, status, "", "", notes)


def test_of_two_answers_of_one_student_the_better_counts_and_the_row_says_so():
    rows = [row("anna/03 (1).ipynb", "not_attempted"), row("anna/03.ipynb", "passed", "odd"), row("a", "failed")]
    (best,) = best_of(rows)
    assert (best.notebook, best.status) == ("anna/03.ipynb", "passed")
    assert best.notes == (
        "odd; also answered in a (failed), of which the better counts; "
        "also answered in anna/03 (1).ipynb (not_attempted), of which the better counts"
    )


def test_of_two_equally_good_answers_the_later_file_counts():
    (best,) = best_of([row("anna/03 (1).ipynb", "failed"), row("anna/03.ipynb", "failed")])
    assert best.notebook == "anna/03 (1).ipynb"
    both = best_of([row("03.ipynb", "failed"), row("03.ipynb", "failed", exercise="03.2")])
    assert [one.notes for one in both] == ["", ""]


def test_names_that_look_alike(tmp_path):
    """ "bob" and "bob " are two students, and look like two; é in two spellings is one letter."""
    for name in ("bob", "bob ", "Andr\u00e9", "Andre\u0301"):
        put(tmp_path / name / "03.ipynb", WINDOWS)
    found = [one.student for one in find(tmp_path).submissions]
    assert sorted(set(found)) == ["Andr\u00e9", "bob", "bob "]
    assert [name_shown(name) for name in ("bob", "bob ")] == ["bob", "bob<U+0020>"]


# What is no notebook in a file


def test_a_notebook_with_an_ending_more(tmp_path):
    put(tmp_path / "03_sliding_window.ipynb.txt", WINDOWS)
    put(tmp_path / "bert" / "03.ipynb.json", WINDOWS)
    first, second = find(tmp_path).submissions
    assert (first.student, first.lessons) == ("03_sliding_window", ("03",))
    assert first.notes == ("its name ends in .txt, read as a notebook all the same",)
    assert (second.student, second.problem) == ("bert", "")


def test_a_zip_is_a_folder_of_its_name(tmp_path):
    inner = {"work/03.ipynb": WINDOWS, "work/mine.py": b"x = 1", "__MACOSX/._03.ipynb": b"", "old.zip": zipped(a=b"")}
    put(tmp_path / "anna.zip", zipped(**inner))
    put(tmp_path / "bert" / "homework.zip", zipped(**{"03.ipynb": WINDOWS}))
    put(tmp_path / "carl.zip", b"PK no zip")
    put(tmp_path / "dora.zip", zipped(**{"essay.pdf": b""}))
    put(tmp_path / "emil.zip", zipped(**{"../../03.ipynb": WINDOWS}))
    found = find(tmp_path)
    anna, bert, carl, dora, emil = found.submissions
    assert (anna.student, anna.name, anna.problem) == ("anna", "anna.zip/work/03.ipynb", "")
    assert [one.name for one in anna.beside] == ["mine.py"]
    assert reader.contents(anna.beside[0].path, anna.beside[0].member) == b"x = 1"
    assert (bert.student, bert.name, bert.problem) == ("bert", "bert/homework.zip/03.ipynb", "")
    assert (carl.student, carl.cells) == ("carl", ()) and "carl.zip is no zip that can be opened" in carl.problem
    assert (dora.student, dora.problem) == (
        "dora",
        "There is no notebook of this student: dora.zip holds no notebook.",
    )
    assert (emil.student, emil.problem) == ("emil", "")
    assert [line.split(" ", 1)[1] for line in found.not_graded if "old.zip" in line] == ["is a zip in a zip: unpack it"]


def test_a_zip_that_unpacks_without_end_is_read_in_bounds(tmp_path):
    put(tmp_path / "anna.zip", zipped(**{"03.ipynb": b"[" * (60 * 2**20)}))
    (found,) = find(tmp_path).submissions
    assert "it has more than 50 MB; clear its outputs" in found.problem


@pytest.mark.skipif(os.name != "posix", reason="not on Windows: links need rights, pipes another way")
def test_links_pipes_sockets_and_other_files_are_named(tmp_path, monkeypatch):
    put(tmp_path / "anna.ipynb", WINDOWS)
    put(tmp_path / "bert" / "report.pdf", b"")
    (tmp_path / "carl").mkdir()
    (tmp_path / "dora").symlink_to(tmp_path / "anna.ipynb")
    (tmp_path / "emil.ipynb").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "carl" / "03_pipe.ipynb")
    (tmp_path / "broken.ipynb").symlink_to("nowhere")
    put(tmp_path / "frida.7z", b"")
    put(tmp_path / "notes.txt", b"")
    monkeypatch.chdir(tmp_path)  # a socket's path may have 108 characters
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("gert.ipynb")
        found = find(tmp_path)
    problems = {one.student: one.problem for one in found.submissions}
    assert set(problems) == {"anna", "bert", "broken", "carl", "dora", "emil", "frida", "gert"}
    assert [name for name, problem in problems.items() if not problem] == ["anna"]
    assert problems["bert"] == "There is no notebook of this student."
    assert all("is a link, which is not followed" in problems[name] for name in ("dora", "emil", "broken"))
    assert "a pipe, a socket or a device" in problems["carl"] and "a device" in problems["gert"]
    assert "frida.7z is an archive of a kind that is not read" in problems["frida"]
    assert "notes.txt is no notebook" in found.not_graded and len(found.not_graded) == 7
    assert find(tmp_path, ours=(tmp_path / "notes.txt",)).not_graded == found.not_graded[:-1]


def test_what_was_passed_over_is_said_at_the_end():
    text = summary([row("anna.ipynb", "passed")], ["notes.txt is no notebook", "x\x1b[2J is a link"])
    assert text.splitlines()[-1] == "Not graded: notes.txt is no notebook; x<U+001B>[2J is a link."


def test_files_beside_a_notebook_are_its_own(tmp_path):
    put(tmp_path / "anna.ipynb", WINDOWS)
    put(tmp_path / "zoe.py", b"")  # at the top it is nobody's
    put(tmp_path / "bert" / "03.ipynb", WINDOWS)
    put(tmp_path / "bert" / "mine.py", b"x = 1")
    anna, bert = find(tmp_path).submissions
    assert (anna.beside, [one.name for one in bert.beside]) == ((), ["mine.py"])


# What could stop the batch for the others


def test_deep_folders_and_long_paths_are_walked_by_a_loop(tmp_path):
    put(tmp_path / "anna.ipynb", WINDOWS)
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("deep-level-0123456789", dir_fd=here)
        below = os.open("deep-level-0123456789", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    try:
        found = find(tmp_path)
        anna, deep = found.submissions
        assert (anna.student, anna.problem) == ("anna", "")
        assert deep.student == "deep-level-0123456789" and "looked at (File name too long)" in deep.problem
        assert len(deep.problem) < 300
        assert len(summary([row("anna.ipynb", "passed")], found.not_graded)) < 500, "the path is cut"
    finally:
        remove_tree(tmp_path)
    assert not tmp_path.exists(), "removed by a loop, too"


def test_a_folder_that_may_not_be_opened_is_named(tmp_path, monkeypatch):
    put(tmp_path / "anna.ipynb", WINDOWS)
    (tmp_path / "bert").mkdir()
    scandir = os.scandir

    def refusing(place):
        if str(place).endswith("bert"):
            raise PermissionError(13, "Permission denied")
        return scandir(place)

    monkeypatch.setattr("os.scandir", refusing)
    assert [entry.problem for entry in walk(tmp_path)][-1] == "cannot be opened (Permission denied)"
    assert [one.student for one in find(tmp_path).submissions if one.problem] == ["bert"]


def test_binds_takes_a_time_that_grows_with_the_text_alone():
    def seconds(length: int) -> float:
        text = "make_windows " * (length // 13)
        started = time.process_time()
        assert not binds("make_windows", text)
        return time.process_time() - started

    factors = [seconds(8 * MOST_SOURCE) / seconds(MOST_SOURCE) for _ in range(5)]
    assert min(factors) < 24, "eight times the text"


def test_a_notebook_with_more_code_than_a_lesson_can_need(tmp_path):
    put(tmp_path / "03.ipynb", code("x = 1\n" * (MOST_SOURCE // 6 + 2)))
    (found,) = find(tmp_path).submissions
    assert "its cells hold more than 1 MB of code, which no lesson needs" in found.problem


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="on Linux only: the kernel's limit on memory")
def test_what_takes_too_much_memory_to_read_is_a_row_and_the_next_one_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "_BOOT", reader._BOOT.replace("; main()", "; reader._MEGABYTES = 200; main()"))
    monkeypatch.setattr(
        reader,
        "_BOOT",
        reader._BOOT.replace("import main;", "import main; import llmlab.instructors.grade.reader as reader;"),
    )
    put(tmp_path / "anna.ipynb", b'{"cells": [' + b"[]," * (15 * 2**20) + b"[]]}")
    put(tmp_path / "bert.ipynb", WINDOWS)
    anna, bert = find(tmp_path).submissions
    assert "needs more than 200 MB of memory to be read; clear its outputs" in anna.problem and bert.problem == ""


def test_what_takes_too_long_to_read_is_a_row_and_the_next_one_is_read(tmp_path, monkeypatch):
    slow = "; import llmlab.instructors.grade.reader as r; old = r._done; "
    slow += "anna = lambda order: b'anna' in bytes.fromhex(order['path']); "
    slow += "r._done = lambda order: __import__('time').sleep(99) if anna(order) else old(order)"
    monkeypatch.setattr(reader, "_BOOT", reader._BOOT.replace("; main()", f"{slow}; main()"))
    monkeypatch.setattr(reader, "_SECONDS", 4.0)
    put(tmp_path / "anna.ipynb", WINDOWS)
    put(tmp_path / "bert.ipynb", WINDOWS)
    anna, bert = find(tmp_path).submissions
    assert "takes longer than 4 s to read" in anna.problem and bert.problem == ""


def test_a_reader_that_is_brought_down_is_a_row_and_the_next_one_is_read(tmp_path, monkeypatch):
    crash = "; import llmlab.instructors.grade.reader as r; old = r._done; "
    crash += (
        "r._done = lambda order: __import__('os')._exit(1) if b'anna' in bytes.fromhex(order['path']) else old(order)"
    )
    monkeypatch.setattr(reader, "_BOOT", reader._BOOT.replace("; main()", f"{crash}; main()"))
    put(tmp_path / "anna.ipynb", WINDOWS)
    put(tmp_path / "bert.ipynb", WINDOWS)
    anna, bert = find(tmp_path).submissions
    assert "came to its end" in anna.problem and bert.problem == ""


# The same code


def test_the_same_code_is_noted_however_it_is_laid_out(tmp_path):
    longer = "def make_windows(ids, n, step):\n    out = []\n    for i in range(0, len(ids) - n, step):\n        {}\n"
    longer += "    return out"
    put(tmp_path / "anna.ipynb", code(longer.format("out.append((ids[i:i+n], ids[i+1:i+n+1]))  # mine")))
    put(tmp_path / "bert.ipynb", code("# all mine\n" + longer.format("out.append( (ids[i:i+n], ids[i+1:i+n+1]) )")))
    put(tmp_path / "carl.ipynb", code(longer.format("out += [(ids[i:i+n], ids[i+1:i+n+1])]")))
    put(tmp_path / "solved.ipynb", SOLVED.read_bytes())
    put(tmp_path / "untouched1.ipynb", STUDENT.read_bytes())
    put(tmp_path / "untouched2.ipynb", STUDENT.read_bytes())
    found = _same_code(find(tmp_path).submissions)
    assert {key: value for key, value in found.items() if key[0] != "solved"} == {
        ("anna", "03.2"): "bert",
        ("bert", "03.2"): "anna",
    }
    assert found["solved", "03.2"] == "the course's solution"


def test_no_committed_notebook_names_exercises_of_another_lesson(tmp_path):
    for path in sorted(SOLVED.parent.glob("*.ipynb")):
        put(tmp_path / path.name, path.read_bytes())
    for one in find(tmp_path).submissions:
        assert (one.lessons, one.notes, one.problem) == ((one.name[:2],), (), "")
