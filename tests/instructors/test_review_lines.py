"""Submissions that a first grader got wrong, and odd ones that must stay right: each on its own row of one batch.

What `grading_batch`, `test_cheats` and `test_odd_files` have already is not repeated here.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.grading import grade_folder, isolation
from llmlab.instructors.grade import attempt
from llmlab.instructors.grade import folder as grading_folder
from llmlab.instructors.grade.machine import Protection
from llmlab.instructors.grade.submissions import exercises_of
from tests.instructors.grading_batch import IDS, SOLVED, Case, Notebook, differences, notebook, write_batch


def cut(*kept: str, lesson: Path = SOLVED) -> Notebook:
    """A solved notebook with the cells of some exercises alone."""
    nb = notebook(lesson)
    nb.cells = nb.cells[:1] + [
        cell
        for cell in nb.cells[1:]
        if cell["metadata"].get("exercise") in kept or any(f'"{id}").check' in cell["source"] for id in kept)
    ]
    return nb


def windows(nb: Notebook | None = None, **more) -> Case:
    """Of a notebook with an answer to 03.2 alone, which is right unless `more` says otherwise."""
    rows = {f"_{id[3:]}": "missing_name" for id in IDS if id != "03.2"}
    return (nb or cut("03.2")).case(**rows | more)


def lesson(number: str) -> tuple[Notebook, dict[str, str]]:
    """All exercises of another lesson, and the rows of a notebook in which all are right."""
    (path,) = SOLVED.parent.glob(f"{number}_*.ipynb")
    return notebook(path), dict.fromkeys(exercises_of(number), "passed")


def before(*sources: str) -> Notebook:
    """The answer to 03.2, and cells before it."""
    nb = cut("03.2")
    for place, source in enumerate(sources, 1):
        nb.insert(source, place)
    return nb


CASES: dict[str, Case] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    CASES[make.__name__] = make()
    return make


# Honest


@case
def every_way_to_ask_for_pictures():
    ways = ("%matplotlib inline", "%matplotlib agg", "%matplotlib notebook", "%matplotlib", "%pylab", "%pylab inline")
    cells = [f"{way}\nran.append({way!r})" for way in ways]
    return windows(before("ran = []", *cells, f"assert ran == {list(ways)}"))


@case
def pictures_in_the_cell_of_the_imports():
    nb, rows = lesson("05")
    nb.cells[0]["source"] = "%matplotlib inline\nimport math\nimport torch\nfrom llmlab.exercises import exercise"
    nb.insert("math.pi, torch.pi")
    return Case(nb.case().content, rows, name="05.ipynb")


@case
def import_of_what_is_not_there():
    nb = cut("03.2").write("03.2", "from windows_of_anna import make_windows")
    said = "which defines `make_windows`, stopped: ModuleNotFoundError"
    return windows(nb, _2="error", notes=("stopped: ModuleNotFoundError",), says=(said,))


@case
def a_pair_of_names_used_again():
    nb, rows = lesson("01")
    nb.insert('for first, second in zip("abc", "bcd"):\n    pass', len(nb.cells))
    note = "01.4: `first` and `second` got another value after the check, which was graded"
    return Case(nb.case().content, rows, (note,), name="01.ipynb")


@case
def no_gradients_and_long_numbers():
    """In lesson 08 a check computes gradients."""
    nb, rows = lesson("08")
    nb.insert("import torch\ntorch.set_grad_enabled(False)\ntorch.set_default_dtype(torch.float64)")
    return Case(nb.case().content, rows, name="08.ipynb")


# Odd, and right all the same


@case
def tools_of_a_long_evening():
    """What fails in there fails in Jupyter, too; what follows it runs."""
    cells = ("%reset -f\nfrom llmlab.exercises import exercise", "%%time\nkept = 1", "assert kept == 1")
    cells += ("%pip install no-such-package", "!pip list", "!sleep 0.1 &\nran = 1", "assert ran == 1")
    cells += ("1 / 0", "%debug", "breakpoint()")
    notes = ("cell 9 stopped: ZeroDivisionError", "cell 11 stopped: BdbQuit")
    return windows(before(*cells), notes=notes)


@case
def habits_of_the_process():
    cells = (
        "import os\nos.umask(0o777)\nos.chdir('/')",
        "import sys\nsys.settrace(lambda *given: None)",
        "import signal\nfor one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):\n"
        "    signal.signal(one, signal.SIG_IGN)",
        "import atexit, time\n@atexit.register\ndef later():\n    while True:\n        time.sleep(1)",
        "import os, sys\nsys.stdout.write('half')\nfor one in range(3, 64):\n    try:\n"
        '        os.write(one, b\'{"event": "re\')\n    except OSError:\n        pass',
    )
    return windows(before(*cells))


@case
def a_process_that_splits_in_two():
    return windows(before("import os\nchild = os.fork()", "both = 1"))


@case
def workers_and_pools():
    cells = (
        "import pickle\nassert pickle.loads(pickle.dumps({1: [2]})) == {1: [2]}",
        "from multiprocessing import Pool\nwith Pool(2) as pool:\n    assert pool.map(abs, [-1, 2]) == [1, 2]",
        "from torch.utils.data import DataLoader\nassert len(list(DataLoader(range(16), num_workers=8))) == 16",
        "from concurrent.futures import ProcessPoolExecutor\nwith ProcessPoolExecutor(2) as pool:\n"
        "    assert list(pool.map(abs, [-1])) == [1]",
    )
    return windows(before(*cells))


@case
def workers_share_what_was_there_before_them():
    """Six processes hold 2,400 MB and more, counted one by one, and less than 1,000 together."""
    cells = (
        "import os, time\nlarge = bytearray(b'x') * (400 * 2**20)",
        "children = []\nfor _ in range(5):\n    child = os.fork()\n    if not child:\n        time.sleep(3)\n"
        "        os._exit(0)\n    children.append(child)\nfor child in children:\n    os.waitpid(child, 0)",
    )
    return windows(before(*cells))


@case
def answers_that_are_odd_objects():
    nb = notebook()
    nb.write("03.1", "from unittest.mock import ANY, MagicMock\ntrained_positions = MagicMock()")
    nb.write("03.2", "make_windows = MagicMock()")
    nb.write("03.3", "trained_at_stride_4 = trained_at_stride_5 = ANY")
    nb.write("03.4", "def count_batches(*given):\n    return ANY, ANY")
    nb.write("03.5", "class Endless:\n    def __iter__(self):\n        while True:\n            yield ANY\n"
             "def make_loader(*given, **options):\n    return Endless()")  # fmt: skip
    nb.write("03.6", "class Angry:\n    def __len__(self): raise RuntimeError\n    __repr__ = __len__\n"
             "def next_token_loss(*given):\n    return Angry()")  # fmt: skip
    return nb.case(**{f"_{id[3:]}": "failed" for id in IDS})


@case
def stack_of_c_overflows():
    deep = "import sys\nsys.setrecursionlimit(10**7)\ndeep = []\nfor _ in range(10**6):\n    deep = [deep]\nrepr(deep)"
    # From 3.12 on Python counts how deep its own C code is, whatever limit is set.
    ended, stopped = "cell 2 ended the process (signal 11) and was left out", "cell 2 stopped: RecursionError"
    return windows(before(deep), notes=(ended if sys.version_info < (3, 12) else stopped,))


@case
def published_solution_fetched():
    """That cannot be kept from anybody: it is public. What can be done is to say so."""
    taken = cut("03.2").write("03.2", 'exec(exercise("03.2").solution(anyway=True).code)')
    return windows(taken)


# Harm that must stay inside


@case
def a_tree_of_folders():
    deep = "import os\nfor _ in range(2000):\n    os.mkdir('d')\n    os.chdir('d')"
    return windows(before(deep, "open('/dev/shm/llmlab-left', 'wb').write(bytes(2**20))"))


def hidden_memory_hogs() -> str:
    hog = "import time; hoard = bytearray(b'x') * (400 * 2**20); time.sleep(60)"
    start = "import subprocess, sys, time\nfor _ in range(3):\n    subprocess.run(['sh', '-c', "
    return start + f'\'setsid "$0" -c "$1" &\', sys.executable, {hog!r}])\ntime.sleep(60)'


FIND_REPORT = (
    "import gc, types\nreport = next(one for one in gc.get_objects() if isinstance(one, types.FunctionType)\n"
    "              and one.__qualname__ == '_open_channels.<locals>.report')\n"
)


@case
def the_graders_channel_used():
    forged = FIND_REPORT + (
        "report('broken', message='no more grading today')\nreport('guard', processes='python', network='python')\n"
        "report('result', id='03.1', status='passed')\nreport('verdict', verdict={'status': 'passed'})\n"
        "report('ready', found=3, replaced=None)\nreport('cell', place=10**9)"
    )
    return windows(before(forged))


LIMITED: dict[str, Case] = {  # each comes to the end of the time or memory for a cell
    "hidden_memory_hogs": windows(before(hidden_memory_hogs()), notes=("cell 2 took more than 1000 MB of memory",)),
    "words_without_end": windows(
        before(f"{FIND_REPORT}while True:\n    report('cell', place=2)\n    report('x', more='y' * 100)"),
        notes=("cell 2 took longer than 6 s and was left out",),
    ),
    "stopped_by_itself": windows(
        before("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"), notes=("cell 2 took longer than 6 s",)
    ),
    "an_event_that_never_comes": windows(
        before("import asyncio\nawait asyncio.Event().wait()", "%%bash\nsleep 600"),
        notes=("cell 2 took longer than 6 s", "cell 3 took longer than 6 s"),
    ),
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    # A short path: sockets of worker processes lie below it, and theirs may have 108 characters.
    with tempfile.TemporaryDirectory() as short, pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", short)
        write_batch(folder, CASES)
        found = grade_folder(folder, folder / "grades.csv", seconds=400, progress=False)
        assert list(Path(short).iterdir()) == []
        assert not Path("/dev/shm/llmlab-left").exists() or not isolation().startswith("Processes: held")
    return found


@pytest.fixture(scope="module")
def limited_rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limited")
    steps = {"start": 60.0, "cell": 6.0, "check": 30.0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempt.Limits, "of_step", lambda self, kind: steps[kind])
        write_batch(folder, LIMITED)
        return grade_folder(folder, folder / "grades.csv", seconds=400, memory_mb=1000, progress=False)


@pytest.mark.parametrize("name", CASES)
def test_a_submission_gets_its_rows(rows, name):
    assert differences(rows, {name: CASES[name]}) == []
    assert [row.message for row in rows if row.student == name and "The check itself" in row.message] == []


def test_a_published_solution_is_noted_also_where_no_cell_has_its_code(rows):
    noted = {row.student for row in rows if row.exercise == "03.2" and row.same_code == "the course's solution"}
    assert "published_solution_fetched" in noted and "every_way_to_ask_for_pictures" in noted


@pytest.mark.parametrize("name", LIMITED)
def test_what_never_ends_is_left_out_after_its_time(limited_rows, name):
    assert differences(limited_rows, {name: LIMITED[name]}) == []


def test_worker_processes_find_a_short_path_where_the_graders_is_long(tmp_path, monkeypatch):
    """Their sockets lie below TMPDIR, and a loader waits for ever where the path is longer than 108 characters."""
    if not isolation().startswith("Processes: held"):
        pytest.skip("this kernel or container offers no namespaces")
    long = tmp_path / ("a folder with a long name " * 3)
    (tmp_path / "in").mkdir(), long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    batch = {"workers_and_pools": CASES["workers_and_pools"]}
    write_batch(tmp_path / "in", batch)
    assert differences(grade_folder(tmp_path / "in", tmp_path / "grades.csv", progress=False), batch) == []
    assert list(long.iterdir()) == []


def test_without_the_kernels_help_a_tree_of_folders_is_removed_and_changes_no_grade(tmp_path, monkeypatch):
    """Where the folder lies on the disk: the grades stay, and so does nothing else."""
    plain = "import llmlab.instructors.grade.guard as g; g.enter = lambda *_: False; main()"
    monkeypatch.setattr(attempt, "_BOOT", attempt._BOOT.replace("main()", plain))
    held = Protection("python", "python", "python", False)
    monkeypatch.setattr(grading_folder, "protection", lambda: held)
    (tmp_path / "in").mkdir(), (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    batch = {name: CASES[name] for name in ("a_tree_of_folders", "tools_of_a_long_evening")}
    write_batch(tmp_path / "in", batch)
    rows = grade_folder(tmp_path / "in", tmp_path / "grades.csv", progress=False)
    assert differences(rows, batch) == []
    assert list((tmp_path / "tmp").iterdir()) == []
    Path("/dev/shm/llmlab-left").unlink(missing_ok=True)
