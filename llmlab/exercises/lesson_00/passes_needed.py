"""A prediction of how many forward passes train one window, and how many write six tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception
from llmlab.exercises.lesson_00.common import two_numbers
from llmlab.exercises.lesson_00.sections import AUTOREGRESSION, PASSES, PREFIXES

_WINDOW, _PROMPT, _NEW = 7, 2, 6


def _check_passes(answer: Any) -> Iterator[str]:
    two_numbers(
        answer,
        (1, _NEW),
        {
            "numbers-swapped": lambda training, inference: inference == 1 and training in (_NEW, _WINDOW),
            "all-written-at-once": lambda training, inference: training == 1 == inference,
            "prompt-counted": lambda training, inference: training == 1 and inference in (_PROMPT + _NEW, _WINDOW),
            "last-token-forgotten": lambda training, inference: training == 1 and inference == _NEW - 1,
            "one-pass-a-prediction": lambda training, inference: training in (_NEW, _WINDOW, _WINDOW + 1, 2 * _WINDOW),
            "two-passes-a-step": lambda training, inference: training == 2,
        },
    )
    yield "1 pass trains all 7 predictions"
    yield "6 passes write 6 tokens"


EXERCISE = Exercise(
    kind="value",
    examine=_check_passes,
    means="Training has the whole text, so one pass, masked, gives all 7 predictions. Inference must wait for each "
    "token before it can ask for the next one: one pass for each token that it writes.",
    hints=(
        "Which of the 7 inputs of the training window are known before the model runs? And which of the 6 tokens to "
        "be written?",
        "In training, one pass gives logits at every position. In writing, a token must be chosen before it can stand "
        "in the next input.",
        "One pass for the whole window; and one pass for each new token, the first of which reads the whole prompt.",
    ),
    variant="How many passes are there for a batch of 5 such windows, and for writing 6 tokens after each of 5 "
    "prompts, side by side?",
    misconceptions={
        "one-pass-a-prediction": Misconception(
            "Training does not ask prefix by prefix. The whole window is known, and the mask keeps each position from "
            "looking ahead, so one pass gives all 7 predictions.",
            PREFIXES,
        ),
        "all-written-at-once": Misconception(
            "Training does need a single pass. But a text that is not there yet cannot be read at once: each new token "
            "has to be chosen before the next pass can see it.",
            AUTOREGRESSION,
        ),
        "prompt-counted": Misconception(
            "The tokens of the prompt are known, so they need no passes of their own: the first pass reads them all, "
            "and gives the first new token.",
            PASSES,
        ),
        "last-token-forgotten": Misconception(
            "Each of the 6 new tokens comes from a pass of its own, the first one too: the first pass reads the prompt "
            "and gives token 3.",
            PASSES,
        ),
        "two-passes-a-step": Misconception(
            "A training step has a backward pass, too, which finds out how each weight should change. It is not one "
            "more run of the model: the forward pass, from ids to logits, is computed once.",
            PASSES,
        ),
        "numbers-swapped": Misconception(
            "It is the other way round: training has the whole text and takes one pass, writing waits for each token.",
            PASSES,
        ),
        "not-two-numbers": Misconception("The answer is two numbers: `training_passes, inference_passes`."),
        "count-again": Misconception(
            "Count the moments at which the model has to run: once where all inputs are known, and once for each token "
            "that must be waited for.",
            PASSES,
        ),
    },
)
