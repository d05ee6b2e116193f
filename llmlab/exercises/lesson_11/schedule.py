"""Warm-up and cosine decay, to be written: tried over twelve steps, then with random settings."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from functools import partial

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.lesson_11.common import all_close, is_close, number_of
from llmlab.exercises.lesson_11.sections import SCHEDULE

_SETTINGS = (12, 4, 2.0, 0.5)  # steps, warm-up, highest, lowest


def _rate(step: int, steps: int, warmup: int, highest: float, lowest: float) -> float:
    if step < warmup:
        return highest * (step + 1) / warmup
    way = (step - warmup) / (steps - 1 - warmup)
    return lowest + (highest - lowest) * 0.5 * (1 + math.cos(math.pi * way))


def _wrong_rates() -> dict[str, list[float]]:
    """The rates of `_SETTINGS` by each known mistake."""
    steps, warmup, highest, lowest = _SETTINGS

    def falling(shape: Callable[[float], float], way: Callable[[int], float] | None = None) -> list[float]:
        """The right warm-up, then another fall."""
        way = way or (lambda step: (step - warmup) / (steps - 1 - warmup))
        rates = [_rate(step, *_SETTINGS) for step in range(warmup)]
        return rates + [shape(way(step)) for step in range(warmup, steps)]

    def rising(line: Callable[[int], float], last: int = warmup) -> list[float]:
        """Another warm-up, then the right fall."""
        return [line(step) for step in range(last)] + [_rate(step, *_SETTINGS) for step in range(last, steps)]

    def cosine(way: float) -> float:
        return lowest + (highest - lowest) * 0.5 * (1 + math.cos(math.pi * way))

    return {
        "starts-at-zero": rising(lambda step: highest * step / warmup),
        "warm-up-from-the-lowest": rising(lambda step: lowest + (highest - lowest) * (step + 1) / warmup),
        "warm-up-from-the-lowest: at 0": rising(lambda step: lowest + (highest - lowest) * step / warmup),
        "warm-up-too-long": rising(lambda step: highest * (step + 1) / warmup, warmup + 1),
        "no-warm-up": rising(lambda step: highest),
        "no-warm-up: all cosine": [cosine(step / (steps - 1)) for step in range(steps)],
        "cosine-from-step-0": falling(cosine, lambda step: step / (steps - 1)),
        "cosine-from-step-0: of steps": falling(cosine, lambda step: step / steps),
        "lowest-not-reached": falling(cosine, lambda step: (step - warmup) / (steps - warmup)),
        "falls-to-zero": falling(lambda way: highest * 0.5 * (1 + math.cos(math.pi * way))),
        "lowest-added": falling(lambda way: lowest + highest * 0.5 * (1 + math.cos(math.pi * way))),
        "lowest-as-a-share": falling(
            lambda way: highest * (lowest + (1 - lowest) * 0.5 * (1 + math.cos(math.pi * way)))
        ),
        "straight-line": falling(lambda way: highest + (lowest - highest) * way),
        "half-forgotten": falling(lambda way: lowest + (highest - lowest) * (1 + math.cos(math.pi * way))),
        "pi-forgotten": falling(lambda way: lowest + (highest - lowest) * 0.5 * (1 + math.cos(way))),
        "quarter-of-a-cosine": falling(lambda way: lowest + (highest - lowest) * math.cos(math.pi / 2 * way)),
        "below-the-lowest": falling(lambda way: lowest + (highest - lowest) * math.cos(math.pi * way)),
        "below-the-lowest: by half": falling(lambda way: lowest + (highest - lowest) * math.cos(math.pi * way) / 2),
        "down-and-up-again": falling(lambda way: cosine(2 * way)),
        "brackets-missing": falling(lambda way: lowest + highest - lowest * (1 + math.cos(math.pi * way)) / 2),
        "brackets-missing: of the way": falling(cosine, lambda step: step - warmup / (steps - 1 - warmup)),
        "brackets-missing: below the line": falling(cosine, lambda step: (step - warmup) / steps - 1 - warmup),
        "way-rounded-down": falling(cosine, lambda step: (step - warmup) // (steps - 1 - warmup)),
        "upside-down": falling(lambda way: lowest + (highest - lowest) * 0.5 * (1 - math.cos(math.pi * way))),
        "never-falls": falling(lambda way: highest),
    }


def _check_schedule(schedule: Probe) -> Iterator[str]:
    steps = _SETTINGS[0]
    values = [schedule(step, *_SETTINGS) for step in range(steps)]
    got: list[float] = []
    for step, value in enumerate(values):
        rate = number_of(value)
        if rate is None:
            raise Wrong("not-a-number", f"`{schedule.spell(step, *_SETTINGS)}` gave `{show(value)}`.")
        got.append(rate)
    expected = [_rate(step, *_SETTINGS) for step in range(steps)]
    if not all_close(got, expected):
        idea = name_of(_wrong_rates().items(), partial(all_close, got)) or "other-rates"
        step = next(step for step in range(steps) if not is_close(got[step], expected[step]))
        raise Wrong(
            idea,
            f"`{schedule.spell(step, *_SETTINGS)}` gave `{show(values[step])}`; right is `{show(expected[step])}`.",
        )
    yield "twelve steps, four of them warm-up"

    fresh = random.Random()
    for number in range(12):
        steps = fresh.randint(4, 500)
        warmup = 0 if number < 3 else fresh.randint(1, steps - 2)
        highest = fresh.uniform(1e-3, 1.0)
        lowest = 0.0 if number % 4 == 0 else fresh.uniform(0.01, 0.9) * highest
        settings = (steps, warmup, highest, lowest)
        for step in {0, warmup // 2, warmup, (warmup + steps) // 2, steps - 1, fresh.randrange(steps)}:
            call = f"{schedule.name}(…)" + ("" if warmup else " with warmup_steps = 0")
            value = number_of(schedule(step, *settings, fresh=True, shown=call))
            right = _rate(step, *settings)
            if value is None or not math.isclose(value, right, rel_tol=1e-3, abs_tol=1e-5 * highest):
                raise Wrong("tied-to-the-example", "Seen on random settings; the warm-up may have no step.")
    yield "fresh random settings, also without a warm-up"


EXERCISE = Exercise(
    kind="function",
    examine=_check_schedule,
    means="A rate that grows while little is known, is long while the valley is far, and short at its floor. "
    "`llmlab.training.learning_rate_at` computes the same.",
    hints=(
        "Which step is the first with the full rate, and which one must have exactly the lowest?",
        "Two cases. In the warm-up a straight line. After it, the share of the way that is behind, from 0 to 1, goes "
        "into half a cosine, which goes from 1 to −1; (1 + cos) / 2 goes from 1 to 0.",
        "`way = (step - warmup_steps) / (steps - 1 - warmup_steps)`, then "
        "`lowest + (highest - lowest) * (1 + math.cos(math.pi * way)) / 2`.",
    ),
    variant="Newer models keep the highest rate for most of the run and fall in a straight line in the last tenth. "
    "Write it. What can be decided later with it than with a cosine?",
    crashes=(
        Crash(
            "nothing-to-divide-by",
            "ZeroDivisionError",
            "",
            "It was divided by 0. Without a warm-up `warmup_steps` is 0, and at the first step `step` is: does one of "
            "them stand below the line where it may not?",
            SCHEDULE,
        ),
        Crash(
            "missing-star",
            "TypeError",
            "'(int|float)' object is not callable",
            "Between a number and a bracket a `*` is missing: in Python `highest(step + 1)` calls the number as if it "
            "were a function.",
            SCHEDULE,
        ),
        Crash(
            "cosine-of-another-kind",
            "TypeError",
            "must be Tensor, not (int|float)",
            "`torch.cos` wants a tensor; the cosine of a Python number is `math.cos`.",
            SCHEDULE,
        ),
    ),
    misconceptions={
        "starts-at-zero": Misconception(
            "The first step has a rate of 0, so it does nothing. In the warm-up it is step + 1 that grows: 1 / "
            "warmup_steps of the highest first.",
            SCHEDULE,
        ),
        "warm-up-from-the-lowest": Misconception(
            "The warm-up begins at the lowest rate. It begins near 0: lowest is where the cosine ends.",
            SCHEDULE,
        ),
        "warm-up-too-long": Misconception(
            "Step `warmup_steps` is counted into the warm-up and gets more than the highest rate: the warm-up is "
            "`step < warmup_steps`.",
            SCHEDULE,
        ),
        "no-warm-up": Misconception("The rate does not grow at the start: the warm-up is missing.", SCHEDULE),
        "cosine-from-step-0": Misconception(
            "The cosine is counted from step 0, so it has already fallen when the warm-up ends. Its way begins at "
            "`warmup_steps`.",
            SCHEDULE,
        ),
        "lowest-not-reached": Misconception(
            "The last step, `steps - 1`, does not reach the lowest rate: divide by `steps - 1 - warmup_steps`.",
            SCHEDULE,
        ),
        "falls-to-zero": Misconception(
            "The rate falls to 0, and so the last steps do nothing. It falls to lowest.", SCHEDULE
        ),
        "lowest-added": Misconception(
            "lowest was added to the whole curve, which lifts its beginning above the highest: scale the cosine by "
            "`highest - lowest`.",
            SCHEDULE,
        ),
        "lowest-as-a-share": Misconception(
            "lowest was taken for a share of the highest. Here it is a learning rate itself.", SCHEDULE
        ),
        "straight-line": Misconception("The rate falls in a straight line, not along a cosine.", SCHEDULE),
        "half-forgotten": Misconception("1 + cos goes from 2 to 0. It has to be divided by 2.", SCHEDULE),
        "pi-forgotten": Misconception(
            "Half a cosine goes from 0 to π. Without the π it has hardly fallen by the end.", SCHEDULE
        ),
        "quarter-of-a-cosine": Misconception(
            "That is a quarter of a cosine, from 1 to 0, which is steepest at the end. Half a cosine, "
            "(1 + cos(π · way)) / 2, is level at both ends.",
            SCHEDULE,
        ),
        "below-the-lowest": Misconception(
            "A cosine goes from 1 to −1, so the rate falls below the lowest, even below 0. 1 + cos goes from 2 to 0, "
            "and half of it from 1 to 0.",
            SCHEDULE,
        ),
        "down-and-up-again": Misconception(
            "A whole cosine goes down and up again, so the run ends at the highest rate. Half of one is π · way.",
            SCHEDULE,
        ),
        "brackets-missing": Misconception(
            "A pair of brackets is missing: `*` and `/` come before `+` and `-`. In `highest - lowest * …` only lowest "
            "is multiplied; in `a - b / c - d` only b is divided, and only by c.",
            SCHEDULE,
        ),
        "way-rounded-down": Misconception(
            "`//` rounds down: the way is 0 at every step but the last. `/` gives the numbers between.", SCHEDULE
        ),
        "upside-down": Misconception(
            "The curve is upside down: after the warm-up it starts at the lowest rate and rises.", SCHEDULE
        ),
        "never-falls": Misconception("After the warm-up the rate stays where it is.", SCHEDULE),
        "not-a-number": Misconception("The function returns one number, the learning rate.", SCHEDULE),
        "other-rates": Misconception(
            "These are not the rates: a line up to the highest, then half a cosine down to the lowest at the last "
            "step.",
            SCHEDULE,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and other settings do not. Does a number stand where a name belongs?", SCHEDULE
        ),
    },
)
