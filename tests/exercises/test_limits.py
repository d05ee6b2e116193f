"""A check that does not end is ended: by time, by memory, by the learner; and what is said then."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from llmlab.exercises.engine import exercise as engine
from llmlab.instructors.grade import checker
from llmlab.utils.memory_limit import GrewTooLarge, MemoryLimit
from llmlab.utils.time_limit import TimeLimit, TookTooLong
from tests import ROOT
from tests.exercises.cells import define
from tests.exercises.learners import fresh
from tests.exercises.test_crashes import an_exercise, cell

SECONDS = 0.5

# Loops that never end, and the line that a message names.
ENDLESS = {
    "while True:\n    ids[0] += 1": "Line 2 of your cell: `while True:`",
    "i = 0\nwhile i < len(ids):\n    for j in ids:\n        i += j - j": "Line 3 of your cell: `while i < len(ids):`",
    "for i in ids:\n    while i < 9:\n        i = i": "Line 3 of your cell: `while i < 9:`",
    "for i in ids:\n    ids.append(i)": "Line 2 of your cell: `for i in ids:`",
    "while True:\n    try:\n        ids[0] += len(ids)\n    except Exception:\n        pass": "Line 2 of your cell",
    "def helper():\n    while True:\n        ids[0] += 1\nhelper()": "Line 3 of your cell: `while True:`",
    "return [i for i in iter(int, 1)]": "Line 2 of your cell: `return [i for i in iter(int, 1)]`",
    "class Rows:\n    def __iter__(self):\n        while True:\n            ids[0] += 1\nreturn Rows()": "Line 4 of",
}


@pytest.mark.parametrize("body", ENDLESS)
def test_an_endless_loop_is_stopped_and_named(body):
    one, answer = an_exercise(), define(cell(body))
    results = [one.check(answer, seconds=SECONDS) for _ in range(2)]
    assert results[0] == results[1]
    assert (results[0].status, results[0].misconception) == ("error", "not-finished")
    said, line = results[0].message.splitlines()
    assert said == "The check stopped your code. Not finished after 0.5 seconds: does your loop end?"
    assert line.startswith(ENDLESS[body])


def test_an_exception_that_is_swallowed_is_raised_again():
    body = (
        "for tries in range(2):\n    try:\n        while len(ids):\n            ids[0] += 1\n"
        "    except BaseException:\n        pass\nwhile len(ids):\n    ids[0] += 1"
    )
    assert an_exercise().check(define(cell(body)), seconds=0.2).misconception == "not-finished"


CATCHES = ["while True:\n    try:\n        1 / 0\n    except:\n        pass"]
if sys.version_info >= (3, 12):  # before, nothing reaches it
    CATCHES += [
        "while True:\n    try:\n        while True:\n            try:\n                ids[0] += 1\n"
        "            except:\n                pass\n    except:\n        pass"
    ]


@pytest.mark.parametrize("body", CATCHES)
def test_what_catches_everything_is_stopped(body):
    assert an_exercise().check(define(cell(body)), seconds=0.2).misconception == "not-finished"
    sum(range(100))  # and nothing is raised later


def test_ten_seconds_are_the_default():
    assert engine.SECONDS == 10


def test_growing_memory_is_stopped_before_the_kernel_dies(monkeypatch):
    """The forgotten `start += stride`."""
    monkeypatch.setattr(engine, "MEGABYTES", 60)
    source = (
        "def make_windows(token_ids, max_length, stride):\n"
        "    windows, start = [], 0\n"
        "    while start + max_length < len(token_ids):\n"
        "        windows.append((token_ids[start : start + max_length], token_ids[start + 1 :][:max_length]))\n"
        "    return windows"
    )
    result = fresh("03.2").check(define(source), seconds=60)
    assert (result.status, result.misconception) == ("error", "memory-filled")
    assert result.message.splitlines() == [
        "The check stopped your code. It filled 60 MB of memory: does your loop end?",
        "Line 3 of your cell: `while start + max_length < len(token_ids):`",
    ]


def test_the_memory_that_an_answer_needs_is_left_to_it():
    body = "total = 0\nfor i in range(20):\n    total += len(bytearray(5_000_000))\nreturn total"
    assert an_exercise().check(define(cell(body))).status == "passed"


def test_where_little_is_free_the_limit_is_half_of_it(monkeypatch):
    import psutil

    class Little:
        available = 400_000_000

    monkeypatch.setattr(psutil, "virtual_memory", lambda: Little)
    with pytest.raises(GrewTooLarge, match="It filled 200 MB of memory"), MemoryLimit(1000):
        held = []
        while True:
            held.append(bytearray(1_000_000))


def test_without_psutil_only_the_clock_is_watched(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psutil", None)
    assert an_exercise().check(define(cell("return ids"))).status == "passed"
    assert an_exercise().check(define(cell("while True:\n    ids[0] = 1")), seconds=0.1).misconception == "not-finished"


def test_a_check_that_hangs_on_a_result_does_not_blame_a_loop():
    def slow(answer):
        answer([1], 2, read=lambda result, args: [time.sleep(0.001) for _ in range(3_000)])
        yield "never"

    result = an_exercise(examine=slow).check(define(cell("return ids")), seconds=0.1)
    assert result.message == (
        "The check was stopped. Not finished after 0.1 seconds. Is the result far larger than what was asked for?"
    )


def test_an_interrupt_of_the_learners_is_not_a_limit():
    result = an_exercise().check(define(cell("raise KeyboardInterrupt")))
    assert (result.status, result.misconception) == ("error", None)
    assert result.message.startswith("Interrupted")


def test_the_grader_has_a_status_for_what_was_stopped(monkeypatch):
    monkeypatch.setattr(engine, "MEGABYTES", 40)
    endless, growing = cell("while True:\n    ids[0] = 1"), cell("while True:\n    ids.append(bytearray(100_000))")
    ids = [an_exercise().check(define(body), seconds=2).misconception for body in (endless, growing)]
    assert [checker._STOPPED[id] for id in ids] == ["timeout", "out_of_memory"]


def test_limits_work_in_any_thread():
    results = []
    work = threading.Thread(
        target=lambda: results.append(an_exercise().check(define(cell("while True:\n    ids[0] = 1")), seconds=0.1))
    )
    work.start()
    work.join(60)
    assert [result.misconception for result in results] == ["not-finished"]


def test_a_check_runs_under_a_profiler():
    """CPython waits for ever there when an exception is taken back that was to be raised in a thread."""
    code = (
        "import cProfile; from llmlab.exercises import exercise; profile = cProfile.Profile()\n"
        "profile.enable(); exercise('03.1').check('d'); profile.disable(); print('done')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n", done.stderr


def test_a_limit_raises_nothing_after_its_block():
    for _ in range(200):  # also where the time is over just when the block ends
        try:
            with TimeLimit(0.0005):
                time.sleep(0.0004)
        except TookTooLong:
            pass
        sum(range(100))
    time.sleep(0.01)
