"""A prediction of the first loss of a model over 1,000 tokens, from two rows of logits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from operator import eq
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import faces, name_of
from llmlab.exercises.lesson_09.common import finite_numbers
from llmlab.exercises.lesson_09.sections import LOGITS, LOSS

_LN = math.log(1000)


def _check_first_loss(answer: Any) -> Iterator[str]:
    numbers = finite_numbers(answer, 2)
    if numbers is None:
        raise Wrong("not-two-numbers", f"You answered `{show(answer)}`.")
    zeros, sevens = numbers
    shown = f"You answered {show(zeros)} with zeros and {show(sevens)} with sevens."
    if not _near(zeros, _LN):
        wrong = {
            "logarithm-to-another-base": (math.log2(1000), 3.0),
            "another-vocabulary": (math.log(50_257),),
            "a-probability": (0.001, 0.1),
            "no-loss-at-all": (0.0,),
            "one-in-the-vocabulary": (1000.0, 999.0),
            "rounded-too-far": (7.0,),
            "sign": (-_LN,),
        }
        idea = name_of(faces(wrong), partial(eq, zeros)) or name_of(faces(wrong), lambda value: _near(zeros, value))
        raise Wrong(idea or "work-it-out", shown)
    yield "ln 1000 with zeros"
    if not _near(sevens, _LN):
        raise Wrong("sevens-are-not-probabilities", shown)
    yield "the same with sevens"


def _near(given: float, expected: float) -> bool:
    return abs(given - expected) < 0.06


EXERCISE = Exercise(
    kind="value",
    examine=_check_first_loss,
    means="Equal logits, whatever their size, are equal probabilities of 1/1000, and −ln(1/1000) = ln 1000 = 6.91. A "
    "model that starts far above it is sure of something wrong.",
    hints=(
        "What does the softmax make of a thousand equal logits?",
        "Each token gets the probability 1/1000. The loss is minus the natural logarithm of the right token's "
        "probability.",
        "`math.log(1000)`, for both: adding 7 to every logit changes no probability.",
    ),
    variant="A third model gives 7 to the right token and 0 to the other 999. What is its loss? (Then ask "
    "`cross_entropy`.)",
    misconceptions={
        "sevens-are-not-probabilities": Misconception(
            "The first is right. But a softmax looks only at differences between logits: when all of them grow by 7, "
            "no probability changes, and so the loss does not either.",
            LOGITS,
        ),
        "logarithm-to-another-base": Misconception(
            "The logarithm was taken to base 2 or 10. Cross-entropy uses the natural one, `math.log`.", LOSS
        ),
        "another-vocabulary": Misconception("That is ln 50,257, GPT-2's vocabulary. This one has 1,000 tokens.", LOSS),
        "a-probability": Misconception(
            "That is the probability of a token. The loss is minus its natural logarithm.", LOSS
        ),
        "no-loss-at-all": Misconception(
            "A logit of 0 is not a loss of 0. Loss 0 would mean that the right token has probability 1; here it has "
            "1/1000.",
            LOGITS,
        ),
        "one-in-the-vocabulary": Misconception(
            "That is how many tokens the model wavers between. The loss is its natural logarithm.", LOSS
        ),
        "sign": Misconception("A loss is not negative: it is *minus* the logarithm of a number below 1.", LOSS),
        "rounded-too-far": Misconception("Rounded? Then give one decimal. If not: 7 is a logit, not a loss.", LOSS),
        "not-two-numbers": Misconception("The answer is two numbers, without quotes, one for each model.", LOSS),
        "work-it-out": Misconception(
            "Not that. Make probabilities of a thousand equal logits, then take minus the natural logarithm of one.",
            LOSS,
        ),
    },
)
