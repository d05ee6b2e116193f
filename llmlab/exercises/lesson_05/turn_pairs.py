"""The pairs of a vector, to be turned: tried on a vector of four numbers, then on random ones of other lengths."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import torch

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import faces, name_of
from llmlab.exercises.engine.crashes import Crash
from llmlab.exercises.lesson_04.common import is_close, shape_of
from llmlab.exercises.lesson_05.sections import ROTARY

Turn = Callable[[float, float, float], tuple[float, float]]


def _turned(x: float, y: float, angle: float) -> tuple[float, float]:
    return x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)


def _pairs(x: list[float], angles: list[float], turn: Turn = _turned) -> list[float]:
    """Neighbours 2i and 2i + 1, each pair turned by its angle."""
    return [number for i, angle in enumerate(angles) for number in turn(x[2 * i], x[2 * i + 1], angle)]


def _halves(x: list[float], angles: list[float]) -> list[float]:
    """Numbers i and i + d/2 as a pair, as many libraries have it."""
    d = len(x) // 2
    turned = [_turned(x[i], x[i + d], angle) for i, angle in enumerate(angles)]
    return [first for first, _ in turned] + [second for _, second in turned]


def _models(x: list[float], place: int, rates: list[float]) -> dict[str, list[list[float]]]:
    """What each known mistake gives."""
    angles = [place * rate for rate in rates]
    right = _pairs(x, angles)
    halves = _halves(x, angles)
    d = len(x) // 2
    return {
        "not-turned": [x],
        "turned-backwards": [_pairs(x, [-angle for angle in angles])],
        "angle-in-degrees": [_pairs(x, list(map(math.radians, angles))), _pairs(x, list(map(math.degrees, angles)))],
        "place-forgotten": [_pairs(x, rates)],
        "place-from-one": [_pairs(x, [(place + 1) * rate for rate in rates])],
        "place-plus-rate": [_pairs(x, [place + rate for rate in rates])],
        "one-angle-for-all": [
            _pairs(x, [float(place)] * d),
            *(_pairs(x, [angle] * d) for angle in (angles[0], angles[-1])),
        ],
        "halves-for-neighbours": [halves, [number for i in range(d) for number in (halves[i], halves[i + d])]],
        "put-back-as-halves": [right[0::2] + right[1::2]],
        "first-overwritten": [_pairs(x, angles, _first_overwritten)],
        "sine-and-cosine-swapped": [
            _pairs(x, angles, lambda a, b, t: (a * math.sin(t) - b * math.cos(t), a * math.cos(t) + b * math.sin(t)))
        ],
        "not-a-turn": [
            _pairs(x, angles, lambda a, b, t: (a * math.cos(t) + b * math.sin(t), a * math.sin(t) + b * math.cos(t))),
            _pairs(x, angles, lambda a, b, t: (a * math.cos(t) - b * math.sin(t), a * math.sin(t) - b * math.cos(t))),
            _pairs(x, angles, lambda a, b, t: (a * math.cos(t), b * math.sin(t))),
        ],
        "added-for-turned": [
            _pairs(x, angles, lambda a, b, t: (a + math.sin(t), b + math.cos(t))),
            _pairs(x, angles, lambda a, b, t: (a + math.cos(t), b + math.sin(t))),
        ],
    }


def _first_overwritten(x: float, y: float, angle: float) -> tuple[float, float]:
    first = x * math.cos(angle) - y * math.sin(angle)
    return first, first * math.sin(angle) + y * math.cos(angle)


# Numbers for which all the mistakes above give results that can be told apart.
_X, _PLACE, _RATES = [3.0, 1.0, -2.0, 5.0], 2, [0.7, 0.3]


def _check_turn_pairs(turn_pairs: Probe) -> Iterator[str]:
    def answer(x: list[float], place: int, rates: list[float], **options: Any) -> Any:
        return turn_pairs(torch.tensor(x), place, torch.tensor(rates), **options)

    call = f"{turn_pairs.name}(x={_X}, place={_PLACE}, rates={_RATES})"
    got = answer(_X, _PLACE, _RATES, shown=call)
    expected = _pairs(_X, [_PLACE * rate for rate in _RATES])
    shown = f"`{call}` gave `{show(got)}`, expected was `{show(expected)}`."
    if shape_of(got) != (4,):
        raise Wrong("not-d-numbers", shown)
    if not is_close(got, expected):
        idea = name_of(faces(_models(_X, _PLACE, _RATES)), lambda value: is_close(got, value))
        raise Wrong(idea or "other-turn", shown)
    yield "two pairs, by 1.4 and 0.6 radians"

    call = f"{turn_pairs.name}(x={_X}, place=0, rates={_RATES})"
    got = answer(_X, 0, _RATES, shown=call)
    if not is_close(got, _X):
        raise Wrong("place-zero-turned", f"`{call}` gave `{show(got)}`.")
    yield "at place 0 nothing turns"

    fresh = random.Random()
    for pairs in (1, 2, 3, 3, 4, 4, 5, 5, 6, 6):  # shorter and longer than the example, on every run
        x = [fresh.uniform(-3, 3) for _ in range(2 * pairs)]
        rates = [fresh.uniform(0.01, 1) for _ in range(pairs)]
        place = fresh.randint(1, 40)
        got = answer(x, place, rates, shown="a random vector", fresh=True)
        if not is_close(got, _pairs(x, [place * rate for rate in rates])):
            raise Wrong("tied-to-the-example")
    yield "fresh random vectors of other lengths"


EXERCISE = Exercise(
    kind="function",
    examine=_check_turn_pairs,
    means="That is all a rotary position does to a vector. Its length stays, and between two vectors that are turned "
    "by the angles of their places only the difference of the places is left.",
    hints=(
        "Which numbers of x are the first ones of their pairs, and by which angle is each pair turned?",
        "`x[0::2]` are the first numbers of all pairs, `x[1::2]` the second, `place * rates` the angles. Compute both "
        "new numbers from the old ones, by the formula above, and put them back alternating.",
        "`torch.stack([first * cos - second * sin, first * sin + second * cos], dim=-1).flatten()`",
    ),
    variant="Do the same with complex numbers: `torch.view_as_complex(x.view(-1, 2)) * torch.polar(...)`.",
    misconceptions={
        "not-turned": Misconception("The vector came back as it was: nothing was turned.", ROTARY),
        "turned-backwards": Misconception(
            "The pairs are turned the other way, clockwise: the minus sign stands at the wrong sine. It belongs to the "
            "first number, x cos α − y sin α.",
            ROTARY,
        ),
        "angle-in-degrees": Misconception(
            "Degrees and radians are mixed up. `rates` are in radians per place, and `torch.sin` wants radians: "
            "nothing is to be converted.",
            ROTARY,
        ),
        "place-forgotten": Misconception(
            "The place has no part in the angle: every token would be turned alike. The angle is `place * rates[i]`.",
            ROTARY,
        ),
        "place-from-one": Misconception("The place is counted from 1: one step too far. Places count from 0.", ROTARY),
        "place-plus-rate": Misconception(
            "Place and rate are added. The angle grows with every place by the rate: `place * rates[i]`.", ROTARY
        ),
        "one-angle-for-all": Misconception(
            "All pairs are turned by one and the same angle. Each has a rate of its own: `place * rates[i]`.", ROTARY
        ),
        "halves-for-neighbours": Misconception(
            "The pairs are made of numbers i and i + d/2. Many libraries do it that way; here a pair is two "
            "neighbours, 2i and 2i + 1: `x[0::2]` and `x[1::2]`.",
            ROTARY,
        ),
        "put-back-as-halves": Misconception(
            "Each number is right, but they stand in another order: first all first numbers, then all second ones. Put "
            "them back alternating: `torch.stack([first, second], dim=-1).flatten()`.",
            ROTARY,
        ),
        "first-overwritten": Misconception(
            "The second number is computed from the first one *after* its turn. Both need the old numbers: keep them "
            "under names of their own.",
            ROTARY,
        ),
        "sine-and-cosine-swapped": Misconception(
            "Sine and cosine have changed places. At the angle 0, cos is 1 and sin is 0, and nothing may move.", ROTARY
        ),
        "not-a-turn": Misconception(
            "That is not a turn. A turned pair is (x cos α − y sin α, x sin α + y cos α): four products, one minus.",
            ROTARY,
        ),
        "added-for-turned": Misconception(
            "Sine and cosine are added to the numbers, as sinusoidal positions are. Rotary positions add nothing: they "
            "turn.",
            ROTARY,
        ),
        "not-d-numbers": Misconception(
            "The result is a vector as long as x: d numbers in one row, shape (d,).", ROTARY
        ),
        "place-zero-turned": Misconception("At place 0 every angle is 0, and the vector stays as it is.", ROTARY),
        "other-turn": Misconception(
            "Each pair (x, y) becomes (x cos α − y sin α, x sin α + y cos α), with α = `place * rates[i]`.", ROTARY
        ),
        "tied-to-the-example": Misconception(
            "It works for four numbers, but not for other lengths or places. Is a size written into the code?", ROTARY
        ),
    },
    crashes=(
        Crash(
            "angles-for-numbers",
            "RuntimeError",
            r"The size of tensor a \(4\) must match the size of tensor b \(2\)|"
            r"The size of tensor a \(2\) must match the size of tensor b \(4\)",
            "There are d/2 angles, one for each pair, and d numbers: multiply the angles with the first numbers of all "
            "pairs, `x[0::2]`, and with the second, `x[1::2]`, not with x.",
            ROTARY,
        ),
        Crash(
            "pairs-counted-as-numbers",
            "IndexError",
            r"index 2 is out of bounds for dimension 0 with size 2",
            "There are d/2 pairs, here two, and as many rates: pair i is made of the numbers 2i and 2i + 1, and its "
            "rate is `rates[i]`, for i = 0 … d/2 − 1.",
            ROTARY,
        ),
        Crash(
            "several-angles-for-one",
            "Exception",
            r"cannot be converted to Scalar|only one element tensors can be converted",
            "One number is wanted there, and a tensor of several was given. `place * rates` holds d/2 angles: "
            "`math.cos` takes a single one, `torch.cos` all of them. And tensors are put together by `torch.stack`, "
            "not by `torch.tensor`.",
            ROTARY,
        ),
    ),
)
