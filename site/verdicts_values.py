"""Which numbers and words a check tells apart, found by asking it.

A check is a function of numbers that are not finitely many. But it compares them with those that its source names, or
computes from names: so it is asked about these, their neighbours and what lies between, and where its verdict changes
the exact place is found by halving. test_verdicts.py asks it about thousands of other numbers.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from llmlab.exercises import Exercise
from llmlab.exercises.engine.values import plain
from llmlab.exercises.engine.verdicts import Wrong

MOST = 99_999_999  # of a typed number, either way
_AROUND = (1e-7, 1e-4, 0.004, 0.011, 0.03, 0.07, 0.3, 1.0)
STRANGE_NUMBERS = {True: (-70_417, 80_935), False: (-7041.57, 8093.61)}  # whole or not: named by no check
STRANGE_WORDS = {0: ("quagmire", "xylophone", "zugzwang", "jodhpurs"), 2: ("qz", "jx", "zq", "xj")}  # two a field

Outcome = Callable[[Any], Hashable]


@dataclass(frozen=True)
class Span:
    """Numbers from `low` to `high`, both included, of which a check says the same."""

    low: float
    high: float
    said: Hashable


def outcome(exercise: Exercise, answer: Any) -> tuple[str, str]:
    """What a check says of an answer, without numbers and quoted words: the idea, and what was shown for it."""
    try:
        list(exercise.examine(plain(answer)))
    except Wrong as wrong:
        return wrong.misconception, re.sub(r"'[^']*'|-?\d[\d.,]*(e[-+]?\d+)?", "#", wrong.shown)
    return "", ""


def named_values(exercise: Exercise) -> tuple[list[float], list[str]]:
    """The numbers and the words that a check's module names, or computes from what it names."""
    module = sys.modules[exercise.examine.__module__]
    found = [_value(node, vars(module)) for node in ast.walk(ast.parse(inspect.getsource(module)))]
    numbers = {
        one for one in found if isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)
    }
    words = {one for one in found if isinstance(one, str) and one.isalpha() and len(one) <= 12}
    return sorted(numbers | {0}), sorted(words)


def _value(node: ast.AST, names: dict[str, Any]) -> Any:
    """What an expression without a function of the course's own comes to; None for anything else."""
    if not isinstance(node, ast.Constant | ast.BinOp | ast.UnaryOp | ast.Name | ast.Attribute | ast.Call):
        return None
    if isinstance(node, ast.Call) and not ast.unparse(node.func).startswith("math."):
        return None
    try:
        return eval(compile(ast.Expression(node), "<check>", "eval"), dict(names))  # what the module's import ran, too
    except Exception:  # it needs a local name, or is no expression that is read
        return None


def spans(said: Outcome, named: Sequence[float], *, whole: bool) -> list[Span]:
    """All numbers that can be typed, cut where what is said changes."""
    places = sorted({place for place in _samples(named, whole) if abs(place) <= MOST})
    found, low = [], places[0]
    for left, right in pairwise(places):
        while said(left) != said(right):
            last = _last_like(said, left, right, whole)
            found.append(Span(low, last, said(left)))
            low = left = last + 1 if whole else math.nextafter(last, math.inf)
    return [*found, Span(low, places[-1], said(places[-1]))]


def _samples(named: Sequence[float], whole: bool) -> list[float]:
    if whole:
        whole_ones = sorted({math.floor(one) for one in named} | {math.ceil(one) for one in named} | {-MOST, MOST})
        return [
            *(one + by for one in whole_ones for by in (-1, 0, 1)),
            *((a + b) // 2 for a, b in pairwise(whole_ones)),
        ]
    ends = sorted({*map(float, named), float(-MOST), float(MOST)})
    around = [one + sign * by for one in ends for by in _AROUND for sign in (1, -1)]
    return [*ends, *around, *((a + b) / 2 for a, b in pairwise(ends))]


def _last_like(said: Outcome, left: float, right: float, whole: bool) -> float:
    """The last number before `right` of which the same is said as of `left`; there is one where it changes."""
    wanted = said(left)
    while True:
        middle = (left + right) // 2 if whole else (left + right) / 2
        if middle in (left, right):
            return left
        if said(middle) == wanted:
            left = middle
        else:
            right = middle


def telling_words(said: Outcome, words: Sequence[str], length: int) -> list[str]:
    """Of the words those of which something else is said than of any strange word."""
    strange = said(STRANGE_WORDS[length][0])
    return [word for word in words if (not length or len(word) == length) and said(word) != strange]
