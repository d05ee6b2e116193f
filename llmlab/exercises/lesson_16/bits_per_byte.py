"""The measure that compares tokenizers, to be written: bits per byte of a text."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import is_number, name_of
from llmlab.exercises.lesson_16.sections import TOKENS

# Loss, tokens, bytes: numbers at which no mistake looks like another.
_CASES = ((2.0, 300, 700), (0.5, 1000, 1700), (5.5, 64, 64))


def _wrong_bits(loss: float, n_tokens: int, n_bytes: int) -> dict[str, float]:
    right = loss * n_tokens / n_bytes / math.log(2)
    return {
        "nats-not-bits": right * math.log(2),
        "times-ln-2": right * math.log(2) ** 2,
        "bits-per-token": loss / math.log(2),
        "bytes-over-tokens": loss / math.log(2) * n_bytes / n_tokens,
        "bits-of-the-whole-text": loss * n_tokens / math.log(2),
        "tokens-forgotten": loss / n_bytes / math.log(2),
        "logarithm-of-the-loss": math.log2(loss) * n_tokens / n_bytes,
        "perplexity-not-loss": math.exp(loss) * n_tokens / n_bytes,
        "eight-times": right * 8,
        "an-eighth": right / 8,
    }


def _near(one: list[float], other: list[float]) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-4) for a, b in zip(one, other, strict=True))


def _check_bits(function: Probe) -> Iterator[str]:
    values = [function(*case) for case in _CASES]
    for case, value in zip(_CASES, values, strict=True):
        if not is_number(value):
            raise Wrong("not-a-number", f"`{function.spell(*case)}` gave `{show(value)}`.")
    rights = [loss * n_tokens / n_bytes / math.log(2) for loss, n_tokens, n_bytes in _CASES]
    models = [(name, [_wrong_bits(*case)[name] for case in _CASES]) for name in _wrong_bits(*_CASES[0])]
    if not _near(values, rights):
        idea = name_of(models, lambda model: _near(values, model)) or "other-measure"
        spelled = function.spell(*_CASES[0])
        raise Wrong(idea, f"`{spelled}` gave `{show(float(values[0]))}`; it is `{show(rights[0])}`.")
    yield "three losses on texts of three lengths"
    fresh = random.Random()
    for _ in range(10):
        loss, n_tokens = fresh.uniform(0.1, 9.0), fresh.randint(50, 5_000)
        n_bytes = n_tokens * fresh.randint(1, 5)
        value = function(loss, n_tokens, n_bytes, shown="a random text", fresh=True)
        if not is_number(value) or not _near([value], [loss * n_tokens / n_bytes / math.log(2)]):
            raise Wrong("tied-to-the-example", "Seen on random numbers.")
    yield "fresh random texts"


EXERCISE = Exercise(
    kind="function",
    examine=_check_bits,
    means="The text has the same bytes whoever cuts it into tokens, so this number compares models with any "
    "vocabularies, and models with programs that compress files.",
    hints=(
        "The loss is a mean over tokens. What does the whole text cost, in nats?",
        "All tokens together cost loss · n_tokens nats. One bit is ln 2 = 0.693 nats. The text has n_bytes bytes.",
        "`return loss * n_tokens / math.log(2) / n_bytes`",
    ),
    variant="A text in Chinese has three bytes for most characters. What does a model that knows nothing cost there, "
    "in bits per character?",
    misconceptions={
        "nats-not-bits": Misconception("These are nats per byte. A bit is ln 2 nats: divide by ln 2.", TOKENS),
        "times-ln-2": Misconception(
            "It was multiplied by ln 2. A bit is less than a nat, so there are more bits than nats: divide.", TOKENS
        ),
        "bits-per-token": Misconception(
            "These are bits per token. Tokens of another vocabulary are of another length, so the bytes of the text "
            "have to come in.",
            TOKENS,
        ),
        "bytes-over-tokens": Misconception(
            "Tokens and bytes have changed places. Fewer tokens for the same bytes make a text cheaper, not dearer.",
            TOKENS,
        ),
        "bits-of-the-whole-text": Misconception("That is the cost of the whole text. How much is it per byte?", TOKENS),
        "tokens-forgotten": Misconception(
            "The loss is a mean over the tokens. What all of them cost is that many times as much.", TOKENS
        ),
        "logarithm-of-the-loss": Misconception(
            "The loss is a logarithm already, in nats. It needs another unit, not another logarithm.", TOKENS
        ),
        "perplexity-not-loss": Misconception(
            "`exp(loss)` is the perplexity. Costs of tokens are added up, and perplexities are not.", TOKENS
        ),
        "eight-times": Misconception(
            "Eight bits make a byte of a file; here the bits are asked for as they are.", TOKENS
        ),
        "an-eighth": Misconception(
            "Nothing is to be divided by 8: bits for each byte of the text are asked for.", TOKENS
        ),
        "not-a-number": Misconception("The function returns one number, the bits per byte.", TOKENS),
        "other-measure": Misconception(
            "This is another number. What all tokens cost, in bits, is divided by the bytes.", TOKENS
        ),
        "tied-to-the-example": Misconception(
            "The three examples hold, and random numbers do not: what in the code is right for these three alone?",
            TOKENS,
        ),
    },
    crashes=(
        Crash(
            "log-of-a-tensor",
            "TypeError",
            r"log\(\): argument 'input' .*must be Tensor, not (int|float)",
            "`torch.log` takes a tensor. For a single number there is `math.log`.",
            TOKENS,
        ),
        Crash(
            "called-not-multiplied",
            "TypeError",
            r"'(int|float)' object is not callable",
            "A number stands in front of a parenthesis, so Python calls it. Is a `*` missing?",
            TOKENS,
        ),
    ),
)
