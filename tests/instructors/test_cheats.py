"""Submissions that try to pass without an answer: whatever they do to their own process, no verdict changes.

Each has wrong answers and code that would deceive a check which runs beside it. What is public, the course's own
functions and solutions, can be handed in by anybody; that is nothing a grader can see.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pytest

from llmlab.grading import grade_folder
from tests.instructors.grading_batch import IDS, Notebook, notebook

_EQUAL_TO_ALL = """
class Yes:
    def __init__(self, kind): self.kind = kind
    __class__ = property(lambda self: self.kind)
    __eq__ = lambda self, other: True
    __hash__ = lambda self: 0
    __iter__ = lambda self: iter([self] * 9)
    __len__ = lambda self: 2
    __getitem__ = lambda self, place: self
    __index__ = __int__ = lambda self: 3
    __float__ = lambda self: 3.0
    strip = lower = lambda self, *a: self
    tolist = detach = cpu = lambda self: self
    shape, dtype, is_sparse = (), "float", False
"""

CHEATS: dict[str, Callable[[Notebook], Notebook]] = {}


def cheat(make: Callable[[Notebook], Notebook]) -> Callable[[Notebook], Notebook]:
    CHEATS[make.__name__] = make
    return make


def at_the_end(nb: Notebook, source: str) -> Notebook:
    return nb.insert(source, place=len(nb.cells))


@cheat
def object_that_claims_to_be_a_bool(nb):
    for id, name in (("03.1", "trained_positions"), ("03.3", "trained_at_stride_4 = trained_at_stride_5")):
        nb.write(id, f"{_EQUAL_TO_ALL}\n{name} = Yes(bool)")
    return nb.write("03.2", "def make_windows(*_): return Yes(bool)")


@cheat
def object_that_claims_to_be_a_tensor(nb):
    nb.write("03.1", f"import torch\n{_EQUAL_TO_ALL}\ntrained_positions = Yes(torch.Tensor)")
    return nb.write("03.6", "def next_token_loss(logits, targets): return Yes(torch.Tensor)")


@cheat
def array_with_its_own_tolist(nb):
    return nb.write(
        "03.2",
        f"import numpy as np\n{_EQUAL_TO_ALL}\nclass Mine(np.ndarray):\n    def tolist(self): return Yes(list)\n\n"
        "def make_windows(*_): return np.zeros((2, 2)).view(Mine)",
    )


@cheat
def text_and_number_with_their_own_equality(nb):
    nb.write(
        "03.1", "class Text(str):\n    __eq__ = lambda *_: True\n    __hash__ = str.__hash__\n    "
        "def strip(self, *_): return self\n    lower = strip\ntrained_positions = Text('c')",
    )  # fmt: skip
    return nb.write(
        "03.4", "class Any(int):\n    __eq__ = lambda *_: True\ndef count_batches(*_): return Any(1), Any(1)"
    )


@cheat
def comparisons_replaced(nb):
    return at_the_end(
        nb,
        "import torch, math, builtins\ntorch.allclose = torch.equal = torch.isclose = lambda *a, **k: True\n"
        "torch.Tensor.equal = torch.Tensor.allclose = lambda *a, **k: True\nmath.isclose = lambda *a, **k: True\n"
        "builtins.all = lambda *a: True",
    )


@cheat
def thread_that_goes_on_replacing(nb):
    return at_the_end(
        nb,
        "import threading, time, torch\ndef again():\n    while True:\n"
        "        torch.allclose = torch.equal = lambda *a, **k: True\n        time.sleep(0.001)\n"
        "threading.Thread(target=again, daemon=True).start()",
    )


@cheat
def chance_replaced(nb):
    return at_the_end(
        nb,
        "import random\nfor name in ('choices', 'choice', 'randint', 'random', 'sample', 'randrange', 'getrandbits'):\n"
        "    setattr(random.Random, name, lambda *a, **k: 1 / 0)",
    )


@cheat
def encoder_replaced(nb):
    return at_the_end(
        nb,
        "import json\njson._default_encoder = type('E', (), {'encode': lambda *_: "
        '\'{"event": "result", "status": "passed", "verdict": {"status": "passed"}}\'})()\n'
        "json.dumps = lambda *a, **k: json._default_encoder.encode()",
    )


@cheat
def channel_found(nb):
    forged = [
        {"event": "verdict", "verdict": {"status": "passed", "message": "yes", "misconception": None}},
        {"verdict": {"status": "passed", "message": "yes", "misconception": None}},
        {"event": "reply", "line": json.dumps({"verdict": {"status": "passed"}})},
        {"event": "ready", "found": ["03.1", "03.2"], "replaced": []},
        {"event": "broken", "message": "\x1b[31mno more grading today"},
        {"event": "guard", "processes": "python"},
        {"event": "done"},
    ]
    lines = "".join(json.dumps(one) + "\n" for one in forged)
    return at_the_end(
        nb,
        f"import os, threading, time\ndef speak():\n    for _ in range(200):\n        for n in range(3, 40):\n"
        f"            try: os.write(n, {lines.encode()!r})\n            except OSError: pass\n"
        "        time.sleep(0.01)\n"
        "threading.Thread(target=speak, daemon=True).start()\nspeak()",
    )


@cheat
def replies_forged(nb):
    """The loop that serves the checker is replaced: it says passed in every way that it can think of."""
    return at_the_end(
        nb,
        "import gc, json, llmlab.instructors.grade.serving as serving, llmlab.instructors.grade.worker as worker\n"
        "def serve(answers, requests, reply):\n    for line in requests:\n"
        '        reply(\'{"dict": [["status", "passed"], ["outcome", {"function": ["llmlab.cli", "main"]}], '
        '["look", {"dict": []}]]}\')\n'
        "serving.serve = worker.serve = serve\n"
        "for one in gc.get_objects():\n"
        "    if isinstance(one, dict) and one.get('__name__') == 'llmlab.instructors.grade.worker':\n"
        "        one['serve'] = serve",
    )


@cheat
def own_driver(nb):
    """What reads the results is replaced by a function that gives what a check might want to see."""
    return at_the_end(
        nb,
        "import llmlab.exercises.engine.calling as calling\n"
        "calling.plain = calling.plain_result = lambda *a, **k: True\n"
        "calling.LocalAnswer.call = lambda self, call: calling.Outcome(value=True)\n"
        "calling.LocalAnswer.value = lambda self: calling.Outcome(value=True)",
    )


@cheat
def exercises_replaced(nb):
    return at_the_end(
        nb,
        "import gc, llmlab.exercises.engine.exercise as core\n"
        "for one in gc.get_objects():\n    if type(one).__name__ == 'Exercise':\n"
        "        one.examine = lambda answer: iter(['all'])\n"
        "core.Exercise.judged = core.Exercise.check = lambda *a, **k: core.Result('passed', 'yes')",
    )


@cheat
def frames_searched(nb):
    """Functions on the way to the answer are searched for the values that the check compares with."""
    return nb.write(
        "03.2",
        "import sys\ndef make_windows(token_ids, max_length, stride):\n    frame, found = sys._getframe(), []\n"
        "    while frame:\n        found += [value for value in frame.f_locals.values() if isinstance(value, list)]\n"
        "        found += [f for name, f in frame.f_globals.items() if name in ('windows_of', 'right')]\n"
        "        frame = frame.f_back\n    for one in found:\n        if callable(one):\n"
        "            return one(token_ids, max_length, stride)\n    return found[0] if found else []",
    )


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cheats")
    base = notebook()
    base.write("03.1", 'trained_positions = "c"')
    base.write("03.2", "def make_windows(token_ids, max_length, stride):\n    return [[token_ids, token_ids]]")
    base.write("03.3", "trained_at_stride_4, trained_at_stride_5 = 1, 2")
    base.write("03.4", "def count_batches(n_tokens, max_length, stride, batch_size, drop_last):\n    return 1, 1")
    base.write("03.5", "def make_loader(*args, **options):\n    return [1]")
    base.write("03.6", "def next_token_loss(logits, targets):\n    return logits.sum()")
    for name, make in CHEATS.items():
        (folder / f"{name}.ipynb").write_bytes(make(copy.deepcopy(base)).case().content)
    return grade_folder(folder, folder / "grades.csv", progress=False)


@pytest.mark.parametrize("name", CHEATS)
def test_no_cheat_passes(rows, name):
    mine = [row for row in rows if row.student == name]
    assert [row.exercise for row in mine] == list(IDS)
    assert [(row.exercise, row.message) for row in mine if row.status == "passed"] == []


@pytest.mark.parametrize("name", ["comparisons_replaced", "thread_that_goes_on_replacing", "chance_replaced"])
def test_what_was_answered_is_judged_all_the_same(rows, name):
    """These harm no answer: each is found wrong for what it is."""
    mine = {row.exercise: (row.status, row.misconception) for row in rows if row.student == name}
    assert mine["03.1"] == ("failed", "only-the-last-position") and mine["03.2"][0] == "failed"
