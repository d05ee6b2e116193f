"""The loop in which a model reads what it wrote, to be written: tried on a stand-in whose next token is known.

The stand-in answers from all tokens that it reads, so that a loop which shows it too few, too many or other ones is
seen in the text; and it refuses a text beyond its context, as a GPT does.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import is_whole, name_of
from llmlab.exercises.lesson_12.sections import WRITES

V = 29  # tokens that the stand-in knows


def _favourite(read: list[int]) -> int:
    """What comes next after these tokens; each of them, its place and their number matter."""
    return (sum((place + 2) * token for place, token in enumerate(read)) + 5 * len(read)) % V


def stand_in(context_length: int) -> Callable[[Tensor], Tensor]:
    """A model of ids (1, T) -> logits (1, T, V), causal, with T at most `context_length`."""

    def model(ids: Tensor) -> Tensor:
        if isinstance(ids, Tensor) and ids.numel() == 0:
            raise ValueError("the model was given no token to read")
        if not isinstance(ids, Tensor) or ids.is_floating_point() or ids.dim() != 2:
            got = f"shape {tuple(ids.shape)}, {ids.dtype}" if isinstance(ids, Tensor) else f"`{type(ids).__name__}`"
            raise TypeError(f"the model takes ids of shape (B, T), a tensor of integers, got {got}")
        if ids.shape[1] > context_length:
            raise ValueError(f"{ids.shape[1]} tokens are more than the context length {context_length}")
        logits = torch.empty(len(ids), ids.shape[1], V)
        for row, sequence in enumerate(ids.tolist()):
            for place in range(len(sequence)):
                # Largest for the favourite, then downwards: the second and the last choice are known as well.
                distance = (torch.arange(V) - _favourite(sequence[: place + 1])) % V
                logits[row, place] = -0.25 * distance
        return logits

    return model


def _chooser(place: int) -> Callable[[Tensor], int]:
    """Choose the token at `place` in the order of the logits: 0 is the most probable."""

    def choose(logits: Tensor) -> int:
        if not isinstance(logits, Tensor) or logits.shape != (V,):
            got = f"shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else f"`{type(logits).__name__}`"
            raise ValueError(f"choose takes logits of shape ({V},), those of one position, got {got}")
        if not math.isclose(float(logits.max() - logits.min()), 0.25 * (V - 1), abs_tol=1e-3):
            raise ValueError("choose takes the logits as the model gave them, got other numbers")
        return int(logits.argsort(descending=True, stable=True)[place])

    return choose


def _arguments(ids: list[int], n_tokens: int, place: int, context_length: int) -> tuple:
    return stand_in(context_length), ids, n_tokens, _chooser(place), context_length


def _written(ids: list[int], n_tokens: int, context_length: int, next_of: Callable[[list[int]], int]) -> list[int]:
    text = list(ids)
    for _ in range(n_tokens):
        text.append(next_of(text[-context_length:]))
    return text


def _models(ids: list[int], n: int, context_length: int, place: int) -> dict[str, list[int]]:
    """What each known mistake writes."""

    def after(read: list[int]) -> int:
        return (_favourite(read) + place) % V

    right = _written(ids, n, context_length, after)
    oldest = list(ids)
    for _ in range(n):
        oldest.append(after(oldest[:context_length]))
    once = [*ids, *[after(ids[-context_length:])] * n]
    return {
        "choose-ignored": _written(ids, n, context_length, _favourite),
        "only-the-last-token": _written(ids, n, 1, after),
        "logits-of-the-first-place": _written(ids, n, context_length, lambda read: after(read[:1])),
        "logits-before-the-last": _written(ids, n, context_length, lambda read: after(read[:-1] or read)),
        "reads-the-oldest": oldest,
        "prompt-only": once,
        "nothing-new": list(ids),
        "prompt-missing": right[len(ids) :],
        "one-too-few": right[:-1],
        "one-too-many": [*right, after(right[-context_length:])],
        "only-what-was-read": right[-context_length:],
        "only-what-was-read: and the last choice": right[-context_length - 1 :],
        "stopped-at-the-context": right[:context_length],
        "stopped-early": right[: len(ids) + 1],
        "earlier-choices-lost": [*ids, right[-1]],
    }


def _check_write(write: Probe) -> Iterator[str]:
    def ask(ids: list[int], n: int, context_length: int, place: int, fresh: bool = False) -> None:
        call = f"{write.name}(model, {show(ids)}, {n}, choose, {context_length})" if not fresh else "a random prompt"
        got = write(ids, n, place, context_length, make=_arguments, shown=call, fresh=fresh)
        expected = _written(ids, n, context_length, lambda read: (_favourite(read) + place) % V)
        if not (isinstance(got, list) and all(map(is_whole, got))):
            raise Wrong("not-a-list-of-ids", f"`{call}` gave `{show(got)}`.")
        if got == expected:
            return
        if fresh:
            raise Wrong("tied-to-the-example", "Seen on a random prompt.")
        idea = name_of(_models(ids, n, context_length, place).items(), lambda text: got == text)
        raise Wrong(idea or "other-text", f"`{call}` gave `{show(got)}`; right is `{show(expected)}`.")

    ask([4, 11, 7], 4, 12, 0)
    yield "a prompt, and four tokens after it"
    ask([4, 11, 7], 3, 12, 2)
    yield "another way to choose"
    ask([3, 8, 1, 20, 5], 4, 6, 0)
    ask([3, 8, 1, 20, 5, 9, 2], 2, 4, 0)
    yield "a text that outgrows the context, and a prompt that does"
    ask([17], 0, 5, 0)
    yield "no token at all"
    fresh = random.Random()
    for longest in (3, 5, 8, 12, 15, 20):  # below, at and above what the examples read
        ids = fresh.choices(range(V), k=fresh.randint(1, 9))
        ask(ids, longest, fresh.randint(longest - 2, longest), fresh.randint(0, 3), fresh=True)
    yield "fresh random prompts"


EXERCISE = Exercise(
    kind="function",
    examine=_check_write,
    means="This loop is what writes in every program that talks: the model computes, `choose` decides, the text grows "
    "by one token. `llmlab.generation.generate` is the same for whole batches.",
    hints=(
        "The model gives logits for every position. Which position says what comes after the *last* token?",
        "Once for each new token: make a tensor (1, T) of the newest `context_length` ids, take the logits of the last "
        "position, let `choose` take an id, append it.",
        "`logits = model(torch.tensor([written[-context_length:]]))[0, -1]`, then `written.append(choose(logits))`, "
        "`n_tokens` times; at the end `return written`.",
    ),
    variant="Stop early when a certain id was chosen, such as that of `<|endoftext|>`. Which of the two belongs into "
    "the text that is returned: with the stop token, or without?",
    misconceptions={
        "choose-ignored": Misconception(
            "The most probable token was taken each time. How a token is chosen is left to `choose`.", WRITES
        ),
        "only-the-last-token": Misconception(
            "The model read the newest token alone, so what stood before it played no part. It reads the text so far.",
            WRITES,
        ),
        "logits-of-the-first-place": Misconception(
            "The logits of the first position were used: they say what follows the first token. What follows the whole "
            "text stands at the last position, `[0, -1]`.",
            WRITES,
        ),
        "logits-before-the-last": Misconception(
            "The logits of the position before the last were used. The last position, -1, is the one that has seen "
            "the whole text.",
            WRITES,
        ),
        "reads-the-oldest": Misconception(
            "When the text outgrew the context, the model read its beginning. The newest tokens matter: "
            "`[-context_length:]`.",
            WRITES,
        ),
        "prompt-only": Misconception(
            "Each step chose from the logits after the prompt: the new tokens were never read. What was written has to "
            "go into the model's next input.",
            WRITES,
        ),
        "nothing-new": Misconception(
            "The prompt came back as it was. What `choose` gives has to go into the list that is returned.", WRITES
        ),
        "prompt-missing": Misconception("The new tokens are right; the prompt in front of them is missing.", WRITES),
        "one-too-few": Misconception("One token is missing at the end: `n_tokens` new ones are asked for.", WRITES),
        "one-too-many": Misconception("One token too many was written.", WRITES),
        "only-what-was-read": Misconception(
            "Only the end of the text came back. Cut what the model reads, and keep the whole text.",
            WRITES,
        ),
        "stopped-at-the-context": Misconception(
            "The text stops where the context is full. The model goes on with its newest `context_length` tokens, "
            "until there are `n_tokens` new ones.",
            WRITES,
        ),
        "stopped-early": Misconception(
            "Only one new token was written, and `n_tokens` are asked for. Does a `return` stand inside the loop, or "
            "does the loop count the tokens of the prompt as well?",
            WRITES,
        ),
        "earlier-choices-lost": Misconception(
            "Prompt and last choice came back, and the choices between them are missing: append each one.", WRITES
        ),
        "not-a-list-of-ids": Misconception("The result is one list of ids, whole numbers: prompt and new ids."),
        "other-text": Misconception(
            "This is not what the model writes. Look at one step: the newest ids as (1, T), the logits at `[0, -1]`, "
            "one call of `choose`, one `append`.",
            WRITES,
        ),
        "tied-to-the-example": Misconception(
            "The examples hold, and random prompts do not: what in the code is right for the examples alone?"
        ),
    },
    crashes=(
        Crash(
            "text-too-long",
            "ValueError",
            r"(?P<n>\d+) tokens are more than the context length",
            "The model was given more tokens than its context holds. When the text has outgrown it, only the newest "
            "`context_length` ids are read.",
            WRITES,
        ),
        Crash(
            "a-list-among-the-ids",
            "Exception",
            r"'list' object cannot be interpreted as an integer|expected sequence of length|not a sequence",
            "Among the ids stands something that is no id. `append` adds one id, without brackets around it; a list of "
            "ids is added by `+`.",
            WRITES,
        ),
        Crash(
            "not-ids-of-a-batch",
            "TypeError",
            r"the model takes ids of shape \(B, T\)",
            "The model reads a batch, a tensor of shape (1, T): `torch.tensor([ids])`, with the brackets.",
            WRITES,
        ),
        Crash(
            "not-one-row-of-logits",
            "ValueError",
            "choose takes logits of shape",
            "`choose` gets the logits of one position, shape (V,). The model returns (1, T, V): take `[0, -1]`.",
            WRITES,
        ),
        Crash(
            "logits-changed",
            "ValueError",
            "choose takes the logits as the model gave them",
            "`choose` gets the logits themselves. What is made of them, a softmax for example, is its own business.",
            WRITES,
        ),
        Crash(
            "nothing-read",
            "ValueError",
            "the model was given no token to read",
            "A slice came out empty. `ids[-n:]` are the newest n; what does yours take when the text is short?",
            WRITES,
        ),
    ),
)
