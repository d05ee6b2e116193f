"""The largest batch that fits in memory, to be written: tried where it fits, just fits, and does not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from math import ceil
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import faces, is_number, is_whole, name_of
from llmlab.exercises.lesson_10.crashes import COUNTING_CRASHES
from llmlab.exercises.lesson_10.sections import MEMORY

# memory, parameters, activations of a window: room to spare; just full; too large a model; room, but for no window.
_CASES = ((4_000_000, 20_000, 7_000), (500_000, 10_000, 3_400), (100_000, 20_000, 7_000), (170_000, 10_000, 30_000))


def _largest(memory: int, parameters: int, activations: int) -> int:
    return max(0, (memory - 16 * parameters) // activations)


def _holding(bytes_each: int) -> Callable[[int, int, int], int]:
    """With another number of bytes for each parameter."""
    return lambda memory, parameters, activations: max(0, (memory - bytes_each * parameters) // activations)


def _division(rounded: Callable[[float], int]) -> Callable[[int, int, int], int]:
    return lambda memory, parameters, activations: max(0, rounded((memory - 16 * parameters) / activations))


# What each known mistake gives in all cases: misconception -> its faces.
_WRONG: dict[str, list[Callable[[int, int, int], float]]] = {
    "four-bytes": [_holding(4), lambda memory, parameters, activations: (memory - 4 * parameters) // activations],
    "eight-bytes": [_holding(8), lambda memory, parameters, activations: (memory - 8 * parameters) // activations],
    "twelve-bytes": [_holding(12), lambda memory, parameters, activations: (memory - 12 * parameters) // activations],
    "one-byte": [_holding(1), lambda memory, parameters, activations: (memory - parameters) // activations],
    "model-forgotten": [lambda memory, parameters, activations: memory // activations],
    "model-in-each-window": [lambda memory, parameters, activations: memory // (16 * parameters + activations)],
    "four-numbers-an-activation": [
        lambda memory, parameters, activations: max(0, (memory - 16 * parameters) // (4 * activations))
    ],
    "below-zero": [lambda memory, parameters, activations: (memory - 16 * parameters) // activations],
    "one-too-many": [_division(ceil), _division(round), lambda *case: _largest(*case) + 1],
    "at-least-one": [lambda *case: max(1, _largest(*case))],
}


def _check_largest_batch(largest_batch: Probe) -> Iterator[str]:
    got = [largest_batch(*case) for case in _CASES]
    expected = [_largest(*case) for case in _CASES]
    for number, (mine, right) in enumerate(zip(got, expected, strict=True)):
        if mine != right or not is_number(mine):
            shown = f"`{largest_batch.spell(*_CASES[number])}` gave `{show(mine)}`, it is `{right}`."
            raise Wrong(_misconception(got), shown)
    if not all(map(is_whole, got)):
        raise Wrong("not-whole", f"`{largest_batch.spell(*_CASES[0])}` gave `{show(got[0])}`.")
    yield "room to spare, just full, and too small for the model or for one window"

    fresh = random.Random()
    for _ in range(20):
        parameters, activations = fresh.randint(1_000, 10**9), fresh.randint(10_000, 10**9)
        case = (16 * parameters + fresh.randint(-parameters, 5_000 * activations), parameters, activations)
        value = largest_batch(*case, shown=f"{largest_batch.name}(…)", fresh=True)
        if value != _largest(*case) or not is_whole(value):
            raise Wrong("tied-to-the-example")
    yield "fresh random sizes"


def _misconception(got: list[Any]) -> str:
    """The first idea that gives these very numbers in all cases."""
    if not all(map(is_number, got)):
        return "not-a-number"
    named = name_of(faces(_WRONG), lambda idea: got == [idea(*case) for case in _CASES])
    if named:
        return named
    expected = [_largest(*case) for case in _CASES]
    if all(mine == right or mine < 0 == right for mine, right in zip(got, expected, strict=True)):
        return "below-zero"
    if all(mine - right in (0, 1) for mine, right in zip(got, expected, strict=True)):
        return "one-too-many"
    if any(isinstance(number, float) and not number.is_integer() for number in got):
        return "not-whole"
    return "other-number"


EXERCISE = Exercise(
    kind="function",
    examine=_check_largest_batch,
    means="You can now choose a batch size by a subtraction and a division. (A machine also needs some memory for "
    "itself and for results on their way, so leave it a tenth.)",
    hints=(
        "Which numbers does training hold for each parameter, whatever the batch? How many bytes are they together?",
        "Four numbers of 4 bytes for each parameter: weight, gradient, two means. What is left of the memory is shared "
        "out among the windows, and half a window is of no use.",
        "`max(0, (memory - 16 * n_parameters) // activation_bytes)`.",
    ),
    variant="With plain gradient descent, which keeps no means, how many more windows fit? Give the function a "
    "parameter `means=2`.",
    misconceptions={
        "four-bytes": Misconception(
            "4 bytes for each parameter were taken off: enough for the weights alone. Training also holds a gradient "
            "and AdamW's two means for each.",
            MEMORY,
        ),
        "eight-bytes": Misconception(
            "8 bytes for each parameter were taken off, two numbers. There are four: weight, gradient, and AdamW's two "
            "means.",
            MEMORY,
        ),
        "twelve-bytes": Misconception(
            "12 bytes for each parameter were taken off, three numbers. There are four: weight, gradient, and AdamW's "
            "*two* means.",
            MEMORY,
        ),
        "one-byte": Misconception(
            "One byte for each parameter was taken off. A number in float32 has four, and there are four of them.",
            MEMORY,
        ),
        "model-forgotten": Misconception(
            "All of the memory was shared out among the windows. What training holds for each parameter comes off "
            "first.",
            MEMORY,
        ),
        "model-in-each-window": Misconception(
            "The model was counted once for each window. All windows of a batch use the same weights, and their "
            "gradients are added up in one place.",
            MEMORY,
        ),
        "four-numbers-an-activation": Misconception(
            "`activation_bytes` was multiplied by 4. It is in bytes already, and activations have no means.", MEMORY
        ),
        "below-zero": Misconception(
            "Where the memory is too small for the model itself, the answer was below 0. No window fits: that is 0.",
            MEMORY,
        ),
        "one-too-many": Misconception(
            "In at least one case this is one window more than fits: round down, not up or to the nearest.", MEMORY
        ),
        "at-least-one": Misconception("Where not even one window fits, the answer is 0, not 1.", MEMORY),
        "not-whole": Misconception(
            "A batch holds whole windows: the answer is a whole number. `//` divides and rounds down.", MEMORY
        ),
        "not-a-number": Misconception("The function returns one whole number, how many windows fit.", MEMORY),
        "other-number": Misconception(
            "This is not the largest batch. First what training holds for each parameter, then how many windows go "
            "into the rest.",
            MEMORY,
        ),
        "tied-to-the-example": Misconception(
            "The small cases come out right, others do not. Does a number from them stand in the code?", MEMORY
        ),
    },
    crashes=COUNTING_CRASHES,
)
