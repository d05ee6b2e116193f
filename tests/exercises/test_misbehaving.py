"""Answers that misbehave in every way get a result, and nothing that they do gets out."""

from __future__ import annotations

import linecache
import random
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from llmlab.exercises import Result
from llmlab.exercises.engine.sources import sources
from llmlab.exercises.engine.values import Opaque, plain, show
from tests.exercises.learners import EXERCISES, define, fresh

CELL = "def make_windows(token_ids, max_length, stride):\n    "


def check_windows(body: str) -> Result:
    return fresh("03.2").check(define(CELL + body.replace("\n", "\n    ")))


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import sys\nsys.exit()", "SystemExit"),
        ("raise KeyError('late')", "KeyError: 'late'"),
        ("return make_windows(token_ids, max_length, stride)", "NameError"),
        ("def again():\n    return again()\nreturn again()", "RecursionError: the function calls itself without end"),
        ("raise BaseException('from below')", "BaseException: from below"),
        ("return token_ids.at(object)", "AttributeError"),
        ("raise ValueError(object())", "ValueError: <object object>"),
        ("class Odd(Exception):\n    def __str__(self):\n        raise OSError\nraise Odd", "Odd"),
        ("class Odd:\n    def __iter__(self):\n        raise OSError('no')\nreturn Odd()", "OSError: no"),
        ("raise MemoryError", "MemoryError"),
    ],
)
def test_an_exception_becomes_a_result_that_names_it(body, part, capsys):
    # A cell's function knows its own name through the kernel's namespace; here the recursion is a local function.
    source = CELL + body.replace("\n", "\n    ")
    if "return make_windows" in body:
        source = source.replace("return make_windows", "return make_window")
    one = fresh("03.2")
    results = [one.check(define(source)) for _ in range(2)]
    assert results[0].status == "error"
    assert part in results[0].message
    assert "Traceback" not in results[0].message and "probes.py" not in results[0].message
    assert "The check itself" not in results[0].message
    assert results[0] == results[1]
    assert capsys.readouterr() == ("", "")


def test_an_exception_names_the_line_of_the_cell():
    source = CELL + "half = max_length / 2\n    return token_ids[:half]"
    name = "<ipython-input-7>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {}
    exec(compile(source, name, "exec"), namespace)
    message = fresh("03.2").check(namespace["make_windows"]).message
    assert "Line 3 of your cell: `return token_ids[:half]`" in message
    del linecache.cache[name]


class Odd:
    """Every question to it is an error."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __repr__(self):
        raise RuntimeError("repr")

    def __eq__(self, other):
        raise RuntimeError("eq")

    def __hash__(self):
        raise RuntimeError("hash")

    def __bool__(self):
        raise RuntimeError("bool")

    def __iter__(self):
        raise RuntimeError("iter")


class OddCall(Odd):
    def __call__(self, *args):
        return Odd()


class OddInt(int):
    def __eq__(self, other):
        raise RuntimeError("eq")

    __hash__ = int.__hash__


SELF_CONTAINING: list = []
SELF_CONTAINING.append(SELF_CONTAINING)


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize(
    "given",
    [
        Odd(),
        OddCall(),
        Odd,
        OddInt(4),
        5,
        float("nan"),
        (float("nan"), float("inf")),
        "text",
        b"bytes",
        {},
        {1, 2},
        object(),
        print,
        len,
        torch.nn.Linear,
        SELF_CONTAINING,
        lambda *args, **options: OddInt(4),
        lambda *args, **options: Odd(),
        lambda *args, **options: [[Odd()]],
        lambda *args, **options: SELF_CONTAINING,
        lambda *args, **options: float("nan"),
        lambda *args, **options: torch.full((3, 2, 4), float("nan")),
        lambda *args, **options: "x" * 10_000,
        lambda *args, **options: np.array([object(), None]),
        lambda *args, **options: torch.zeros(10_000, 100),
        lambda *args, **options: print,
        lambda *args, **options: iter(int, 1),
    ],
    ids=lambda given: type(given).__name__,
)
def test_odd_answers_get_a_result(id, given, capsys):
    result = fresh(id).check(given)
    assert result.status in ("failed", "error")
    assert "The check itself" not in result.message
    assert len(result.message) < 1500
    assert repr(result) and result._repr_html_()
    assert capsys.readouterr() == ("", "")


def test_plain_values_are_of_plain_types():
    assert type(plain(OddInt(4))) is int
    assert plain((np.int64(3), torch.tensor([1.5]), range(2), {"a": 1}.keys())) == [3, [1.5], [0, 1], ["a"]]
    assert plain([{1: 2}, {3}, b"x", object()]) == [Opaque("dict"), Opaque("set"), Opaque("bytes"), Opaque("object")]
    assert plain((Fraction(1, 4), [Decimal("0.1")], np.array([Fraction(3)]))) == [0.25, [0.1], [3.0]]
    assert show(plain(SELF_CONTAINING)) == "[[[[[[<list>]]]]]]"


class OddFraction(Fraction):
    def __float__(self):
        return 0.5


@pytest.mark.parametrize(
    "number",
    [*map(Decimal, ("NaN", "sNaN", "Infinity", "-Infinity", "1e999")), Fraction(10**400, 3), OddFraction(1, 4)],
    ids=repr,
)
def test_a_decimal_or_fraction_that_no_float_holds_stays_opaque(number):
    assert plain([number]) == [Opaque(type(number).__name__)]


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize("blank", [None, ..., (..., ...), [1, ...]], ids=repr)
def test_blank_answers_are_not_attempted(id, blank):
    result = fresh(id).check(blank)
    if EXERCISES[id].kind == "function" and isinstance(blank, tuple | list):
        assert result.misconception == "not-a-function"
    else:
        assert result.status == "not_attempted"


def test_an_ellipsis_that_comes_back_is_not_attempted():
    assert check_windows("return [(token_ids[:max_length], ...)]").status == "not_attempted"


def test_ten_megabytes_of_print_stay_inside(capsys):
    result = check_windows(
        "import sys\nfor _ in range(10):\n    print('x' * 2**20)\n    print('y', file=sys.stderr)\nreturn []"
    )
    assert result.status == "failed"
    assert "Your code printed: xxx" in result.message
    assert len(result.message) < 1000
    assert capsys.readouterr() == ("", "")


def test_what_a_passing_answer_prints_stays_inside(capsys):
    source = sources()["03.2"]["solution"].replace("windows = []", "windows = []; print('here')")
    result = fresh("03.2").check(define(source))
    assert result.status == "passed"
    assert "here" not in result.message
    assert capsys.readouterr() == ("", "")


def test_an_interrupt_gives_a_clean_result():
    result = check_windows("raise KeyboardInterrupt")
    assert result.status == "error"
    assert result.message.startswith("Interrupted")


def test_a_failure_of_the_check_itself_does_not_reach_the_learner():
    def broken(probe):
        raise LookupError
        yield

    result = replace(EXERCISES["03.2"], examine=broken).check(len)
    assert result.status == "error"
    assert "The check itself cannot handle this answer (LookupError)" in result.message


def test_inputs_are_copies():
    seen = []

    def keeping(logits, targets):
        seen.append(logits)
        logits.zero_()
        return logits.sum()

    assert fresh("03.6").check(keeping).misconception == "mutates-input"
    assert fresh("03.6").check(keeping).misconception == "mutates-input"
    assert seen[0] is not seen[1]


@pytest.mark.parametrize("id", EXERCISES)
def test_global_random_states_are_untouched(id):
    def states():
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()

    random.seed(7), np.random.seed(7), torch.manual_seed(7)
    before = states()
    given = define(sources()[id]["solution"])

    def noisy(*args, **options):
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        random.random(), np.random.rand(), torch.rand(1)
        return given(*args, **options)

    result = fresh(id).check(noisy if callable(given) else given)
    assert states() == before
    assert result.status == "passed" or id == "03.5"  # reseeding inside a loader is no mistake, but not asked for


def test_grad_mode_of_the_caller_does_not_matter_and_stays():
    with torch.no_grad():
        assert fresh("03.6").check(define(sources()["03.6"]["solution"])).status == "passed"
        assert not torch.is_grad_enabled()
