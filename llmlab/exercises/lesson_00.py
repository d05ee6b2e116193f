"""The three predictions of lesson 00, welcome: what a model gives back, how often it runs, what a batch reads.

Each answer is two numbers. A wrong pair is looked up in the ideas that give it, most telling idea first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import isclose
from typing import Any

from llmlab.exercises.core import Exercise, Misconception
from llmlab.exercises.probes import Wrong, show

COMPUTES = "What a language model computes"
AUTOREGRESSION = "One token at a time"
PREFIXES = "Every prefix at once, masked"
PASSES = "One pass or many"
BATCHING = "Why batching is nearly free"

Ideas = Mapping[str, Callable[[float, float], bool]]


def _two_numbers(answer: Any, right: tuple[float, float], ideas: Ideas) -> None:
    """Raise `Wrong` unless the answer is the right pair; the first of `ideas` that gives the pair names the mistake."""
    numbers = isinstance(answer, list) and len(answer) == 2
    if not numbers or any(isinstance(part, bool) or not isinstance(part, int | float) for part in answer):
        raise Wrong("not-two-numbers", f"You answered `{show(answer)}`.")
    first, second = answer
    if not all(map(isclose, answer, right)):  # added up in floats, shares may give 0.9999999999999999
        idea = next((name for name, gives in ideas.items() if gives(first, second)), "count-again")
        raise Wrong(idea, f"You answered {show(first)} and {show(second)}.")


# 00.1 ------------------------------------------------------------------------------------------------------------

_TOKENS, _DIFFERENT = 3832, 1353  # of the story, cut at white space
_PLACES, _FOLLOWERS = 10, 9  # of "piano": where it is followed by something, and by how many different tokens


def _check_what_comes_out(answer: Any) -> Iterator[str]:
    _two_numbers(
        answer,
        (_DIFFERENT, 1),
        {
            "total-is-not-one": lambda n, total: n == _DIFFERENT,
            "numbers-swapped": lambda n, total: (n, total) == (1, _DIFFERENT),
            "only-the-next-token": lambda n, total: n == 1,
            "one-for-each-given-token": lambda n, total: n == 2,
            "only-what-was-seen": lambda n, total: n in (_FOLLOWERS, _PLACES),
            "every-token-of-the-text": lambda n, total: n in (_TOKENS, _TOKENS - 1),
            "after-each-given-token": lambda n, total: n == 2 * _DIFFERENT,
            "pairs-counted": lambda n, total: n == _DIFFERENT**2,
        },
    )
    yield "1,353 probabilities, one for each token of the vocabulary"
    yield "their sum is 1"


WHAT_COMES_OUT = Exercise(
    id="00.1",
    title="What comes out of the model?",
    kind="value",
    examine=_check_what_comes_out,
    means="Whatever it is given, a language model answers with one probability for each token of its vocabulary, and "
    "they add up to 1, since exactly one token comes next. Choosing one of them is a separate step.",
    hints=(
        "Which tokens could come next, and which of them can the model write at all?",
        "The model has a probability for every token of its vocabulary, also for those that it never saw after "
        "`piano` (theirs is 0). How many entries has the vocabulary?",
        "The first number is `len(vocabulary)`; the second is the sum of the shares of all cases.",
    ),
    variant="GPT-2 has a vocabulary of 50,257 tokens. How many probabilities does it give for the token after a text "
    "of 1,000 tokens?",
    misconceptions={
        "only-the-next-token": Misconception(
            "1 would be the next token itself. The model does not choose: it gives a probability for each token that "
            "it could write, and choosing comes afterwards.",
            AUTOREGRESSION,
        ),
        "one-for-each-given-token": Misconception(
            "2 is what goes in. The question is about the token that comes next, and each entry of the vocabulary "
            "could be that one.",
            COMPUTES,
        ),
        "after-each-given-token": Misconception(
            "That is one probability for each entry of the vocabulary after `The`, and again after `piano`. You asked "
            "only for the token after the last one.",
            COMPUTES,
        ),
        "only-what-was-seen": Misconception(
            "That is what followed `piano` in the text. The other tokens of the vocabulary have a probability, too; in "
            "this model it is 0.",
            COMPUTES,
        ),
        "every-token-of-the-text": Misconception(
            "That many tokens stand in the text, most of them more than once. The vocabulary holds each different "
            "token once.",
            COMPUTES,
        ),
        "pairs-counted": Misconception(
            "That counts pairs of tokens. The context is given already; only the token after it is open.", COMPUTES
        ),
        "total-is-not-one": Misconception(
            "The number of probabilities is right. Probabilities are shares: exactly one token comes next, so all of "
            "them together are 1.",
            COMPUTES,
        ),
        "numbers-swapped": Misconception(
            "Both numbers are right and have changed places: first how many there are, then their sum.", COMPUTES
        ),
        "not-two-numbers": Misconception("The answer is two numbers: `n_probabilities, total`."),
        "count-again": Misconception(
            "Ask which tokens could come next: each entry of the vocabulary once. Then add up their shares.", COMPUTES
        ),
    },
)


# 00.2 ------------------------------------------------------------------------------------------------------------

_WINDOW, _PROMPT, _NEW = 7, 2, 6


def _check_passes(answer: Any) -> Iterator[str]:
    _two_numbers(
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


PASSES_NEEDED = Exercise(
    id="00.2",
    title="How often does the model run?",
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
            "In a training step there is a way back, too, in which the directions for the weights are found. It is "
            "called the backward pass; the forward pass, from ids to logits, is computed once.",
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


# 00.3 ------------------------------------------------------------------------------------------------------------

_WEIGHTS, _BATCH = 1_000_000, 8


def _check_reading(answer: Any) -> Iterator[str]:
    share = _WEIGHTS / _BATCH
    _two_numbers(
        answer,
        (_WEIGHTS, share),
        {
            "numbers-swapped": lambda step, token: (step, token) == (share, _WEIGHTS),
            "read-for-each-text": lambda step, token: step == _WEIGHTS * _BATCH,
            "one-token-for-the-batch": lambda step, token: step == token == _WEIGHTS,
            "weights-shared-out": lambda step, token: step == share,
            "grows-with-the-batch": lambda step, token: step == _WEIGHTS and token == _WEIGHTS * _BATCH,
        },
    )
    yield "1,000,000 weights read in the step"
    yield "125,000 for each new token"


READING = Exercise(
    id="00.3",
    title="What does a larger batch read?",
    kind="value",
    examine=_check_reading,
    means="All rows of a batch use the same weights, so they are read once for the 8 of them: an eighth of the reading "
    "for each token. The arithmetic is not shared, each row has its own.",
    hints=(
        "Do the 8 texts need 8 different models?",
        "Side by side means: a weight that has been read is used for all 8 texts before the next one is read. And the "
        "step gives how many new tokens?",
        "The step reads the model once; divide that by the 8 tokens that it gives.",
    ),
    variant="At which batch size would reading fall to 1,000 weights a token? And how many multiplications would each "
    "weight be used for?",
    misconceptions={
        "read-for-each-text": Misconception(
            "That would be 8 steps, one text after the other. Side by side, a weight that has been read serves all 8 "
            "rows: the table stands once in `rows @ table`.",
            BATCHING,
        ),
        "one-token-for-the-batch": Misconception(
            "The reading of the step is right. But the step gives 8 new tokens, one for each text, and they share it.",
            BATCHING,
        ),
        "weights-shared-out": Misconception(
            "The model is not divided among the texts: every text goes through all of the 1,000,000 weights.", BATCHING
        ),
        "grows-with-the-batch": Misconception(
            "With more texts, less is read for each token, not more: divide by the number of texts.", BATCHING
        ),
        "numbers-swapped": Misconception(
            "Both numbers are right and have changed places: first the whole step, then each new token.", BATCHING
        ),
        "not-two-numbers": Misconception("The answer is two numbers: `weights_read, weights_read_per_token`."),
        "count-again": Misconception(
            "Two steps: how often is each weight read if all 8 texts use it together, and how many tokens does the "
            "step give?",
            BATCHING,
        ),
    },
)

EXERCISES = (WHAT_COMES_OUT, PASSES_NEEDED, READING)
