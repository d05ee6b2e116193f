"""A prediction of how many tokens are trained at a stride of the window's length, and of one more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import is_row
from llmlab.exercises.lesson_03.sections import LABEL, MANY, SLIDE, STRIDE


def _check_trained_tokens(answer: Any) -> Iterator[str]:
    if not is_row(answer) or len(answer) != 2:
        raise Wrong("not-two-counts", f"You answered `{show(answer)}`.")
    four, five = answer
    if (four, five) != (996, 800):
        raise Wrong(
            _trained_misconception(four, five), f"You answered {show(four)} at stride 4, {show(five)} at stride 5."
        )
    yield "996 at stride 4"
    yield "800 at stride 5"


def _trained_misconception(four: float, five: float) -> str:
    if (four, five) == (800, 996):
        return "strides-swapped"
    if four in (249, 250) and five in (199, 200):
        return "windows-counted"
    if (four, five) in ((3, 199), (4, 200), (3, 200), (4, 199)):
        return "skipped-counted"
    if four == 1000:
        return "first-token-counted"
    if five in (996, 999, 1000, 995):
        return "gap-overlooked"
    if four == 999:
        return "tail-counted"
    if four == 992 or five == 796:
        return "first-window-forgotten"
    return "count-again"


EXERCISE = Exercise(
    kind="value",
    examine=_check_trained_tokens,
    means="Stride 4: 249 windows × 4 targets = 996, only the last 3 tokens are missed. Stride 5: 200 windows × 4 = "
    "800, one token in five is never a target. A stride above the context length leaves gaps.",
    hints=(
        "At stride 5 with windows of 4: the first window's targets are tokens 1 to 4. Which are the second window's?",
        "Count windows first: starts are 0, stride, 2 × stride, … up to 1,000 − 5 = 995. Then targets: 4 per window, "
        "as long as the windows do not overlap.",
        "`len(range(0, 996, 4)) * 4` and `len(range(0, 996, 5)) * 4`.",
    ),
    variant="At which strides is every one of the 999 tokens a target at least once? Try 1, 2 and 3.",
    misconceptions={
        "gap-overlooked": Misconception(
            "Stride = length + 1 does skip something. The targets of a window at 0 are tokens 1 to 4, those of the "
            "next window, at 5, are tokens 6 to 9: token 5 is an input of the second and a target of none.",
            STRIDE,
        ),
        "first-token-counted": Misconception(
            "1,000 counts a token that cannot be a target: the first one has nothing before it to be predicted from. "
            "And a 250th window at stride 4 would need one token more than there are, as its last target.",
            LABEL,
        ),
        "tail-counted": Misconception(
            "999 tokens could be targets, but a window must be full: at stride 4 the last start is 992, its targets "
            "end at token 996, and the 3 tokens after it make no window.",
            SLIDE,
        ),
        "windows-counted": Misconception(
            "Those look like counts of windows. Each window of length 4 trains 4 tokens, one target for each position.",
            MANY,
        ),
        "skipped-counted": Misconception(
            "Those are about the tokens that are never a target. Asked is how many are one.", STRIDE
        ),
        "strides-swapped": Misconception(
            "Both numbers are right and have changed places: the larger stride makes fewer windows.", STRIDE
        ),
        "first-window-forgotten": Misconception(
            "One window is missing: (last start) / stride counts the steps between windows, and there is one window "
            "more than steps.",
            SLIDE,
        ),
        "not-two-counts": Misconception("The answer is two numbers: `trained_at_stride_4, trained_at_stride_5`."),
        "count-again": Misconception(
            "Count in two steps. A window needs 5 ids, 4 inputs and one more target, so starts run from 0 to at most "
            "995 in steps of the stride; each window then trains 4 tokens.",
            STRIDE,
        ),
    },
)
