"""A loop that writes, to be written: tried with a model and a choice by hand, then with random ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, plain, show
from llmlab.exercises.lesson_00 import bigram
from llmlab.exercises.lesson_00.sections import AUTOREGRESSION

_AFTER = {  # what the model by hand says after each token
    "the": {"boat": 0.5, "sea": 0.3, "wind": 0.2, "is": 0.0},
    "boat": {"is": 0.7, "of": 0.2, "the": 0.1},
    "sea": {"is": 0.6, "wind": 0.3, "the": 0.1},
    "wind": {"is": 0.6, "of": 0.4},
    "is": {"grey": 0.5, "the": 0.4, "late": 0.1},
    "grey": {"is": 0.8, "the": 0.2},
    "late": {"the": 0.7, "is": 0.3},
    "of": {"the": 0.8, "boat": 0.2},
}
_CASES = ((["of", "the"], 5), (["grey"], 8), (["the", "sea", "is"], 1), (["late", "of"], 0))


class _Choice:
    """Takes the second most probable token; remembers that it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, probabilities: dict[str, float]) -> str:
        self.asked += 1
        return sorted(probabilities.items(), key=lambda entry: (-entry[1], entry[0]))[1][0]


def _arguments(prompt: list[str], n_tokens: int, after: dict[str, dict[str, float]]) -> tuple:
    return prompt, n_tokens, lambda token: dict(after[token]), _Choice()


def _read(result: Any, args: tuple) -> Any:
    """What it gave, and whether it asked `choose`."""
    return result if result is None or result is ... else [plain(result), args[3].asked > 0]


def _predict(token: str) -> dict[str, float]:
    return dict(_AFTER[token])


def _most_probable(probabilities: dict[str, float]) -> str:
    return max(probabilities, key=probabilities.__getitem__)


def _check_generate(generate: Probe) -> Iterator[str]:
    for prompt, n_tokens in _CASES:
        call = f"{generate.name}({show(prompt)}, {n_tokens}, predict, choose)"
        got, asked = generate(list(prompt), n_tokens, _AFTER, make=_arguments, read=_read, shown=call)
        if got != bigram.generate(prompt, n_tokens, _predict, _Choice()):
            idea = _idea(got, prompt, n_tokens, asked=asked)
            raise Wrong(idea, "" if idea == "choose-not-asked" else f"`{call}` gave `{show(got)}`.")
    yield f"{len(_CASES)} prompts by hand, one of them with nothing to write"

    fresh = random.Random()
    for _ in range(20):
        tokens = ["".join(fresh.choices("abcdefghij", k=5)) + str(n) for n in range(8)]
        after = {token: {other: fresh.random() for other in fresh.sample(tokens, 5)} for token in tokens}
        prompt, n_tokens = fresh.choices(tokens, k=fresh.randint(1, 4)), fresh.randint(2, 9)
        given = (prompt, n_tokens, after)
        got, _ = generate(*given, make=_arguments, read=_read, shown="a random model", fresh=True)
        if got != bigram.generate(*_arguments(*given)):
            raise Wrong("tied-to-the-example")
    yield "random models"


def _idea(got: Any, prompt: list[str], n_tokens: int, *, asked: bool) -> str:
    """Which idea gives these tokens: type, then how many, then which."""
    right = bigram.generate(prompt, n_tokens + 1, _predict, _Choice())
    longer, right = right, right[:-1]
    if isinstance(got, str):
        return "only-the-last-token" if right and got == right[-1] and " " not in got else "text-instead-of-tokens"
    if not isinstance(got, list):
        return "not-a-list"
    if not all(isinstance(token, str) for token in got):
        return "not-tokens"
    if n_tokens and not asked:
        return "always-the-most-probable" if _written_by(_most_probable, got, prompt) else "choose-not-asked"
    new = right[len(prompt) :]
    shapes = {
        "prompt-left-out": new,
        "nothing-appended": prompt,
        "one-token-too-many": longer,
        "one-token-too-few": right[:-1],
        "prompt-counted": right[:n_tokens],
        "one-token-only": right[: len(prompt) + 1],
        "as-many-as-the-prompt": right[: 2 * len(prompt)],
    }
    if (idea := next((name for name, tokens in shapes.items() if got == tokens != right), None)) is not None:
        return idea
    ideas = {
        "the-prompts-last-token": lambda written: prompt[-1],
        "the-first-token": lambda written: written[0],
    }
    for name, which in ideas.items():
        written = list(prompt)
        for _ in range(n_tokens):
            written.append(_Choice()(_predict(which(written))))
        if got == written:
            return name
    return "other-tokens"


def _written_by(choose: Callable[[dict[str, float]], str], got: list[str], prompt: list[str]) -> bool:
    """Whether these tokens, or only the new ones, are what this choice writes."""
    written = bigram.generate(prompt, 20, _predict, choose)
    new = written[len(prompt) :]
    return (len(got) > len(prompt) and got == written[: len(got)]) or (got != [] and got == new[: len(got)])


EXERCISE = Exercise(
    kind="function",
    examine=_check_generate,
    means="The model says what could come next, `choose` decides, and what it chose becomes the next input: this loop "
    "is in every program that lets a language model write.",
    hints=(
        "After the first new token, from which token must the model predict?",
        "Begin with a copy of the prompt. Then, `n_tokens` times: ask `predict` about the last token that is written, "
        "let `choose` take one, append it.",
        "`written = list(prompt)`, then `for _ in range(n_tokens): written.append(choose(predict(written[-1])))`, "
        "then `return written`",
    ),
    variant="Let it stop early, as soon as a token ends with a full stop. Which of the two conditions comes first in "
    "your loop?",
    crashes=(
        Crash(
            "whole-list-asked",
            "TypeError",
            r"unhashable type: 'list'",
            "`predict` wants one token, a text, and got a list: the last token is `written[-1]`.",
            AUTOREGRESSION,
        ),
        Crash(
            "choose-got-a-token",
            "AttributeError",
            r"^'\w+' object has no attribute 'items'",
            "`choose` wants the probabilities, the dictionary that `predict` returns for a token.",
            AUTOREGRESSION,
        ),
        Crash(
            "not-a-token-asked",
            "KeyError",
            "",
            "What the error names was looked up where it is not: `predict` knows single tokens of the vocabulary, and "
            "what it returns holds only tokens that can come next. If it is a single letter: `+=` appends the letters "
            "of a text one by one, `append` the text.",
            AUTOREGRESSION,
        ),
    ),
    misconceptions={
        "always-the-most-probable": Misconception(
            "The most probable token was taken each time. Which one is taken is up to `choose`, which the function is "
            "given: call it.",
            AUTOREGRESSION,
        ),
        "choose-not-asked": Misconception(
            "`choose` was never called. The function is given it so that whoever calls `generate` can decide how to "
            "choose: greedily, at random, or in another way.",
            AUTOREGRESSION,
        ),
        "prompt-left-out": Misconception(
            "The new tokens are right, and the prompt is missing: the result begins with it.", AUTOREGRESSION
        ),
        "nothing-appended": Misconception(
            "This is the prompt alone. Is each chosen token appended to the list that is returned?", AUTOREGRESSION
        ),
        "one-token-too-many": Misconception(
            "There is one new token too many. `n_tokens` new ones are asked for, none where that is 0: does the loop "
            "choose before it counts?",
            AUTOREGRESSION,
        ),
        "one-token-too-few": Misconception(
            "There is one new token too few. `range(n_tokens)` has `n_tokens` steps, `range(1, n_tokens)` one less.",
            AUTOREGRESSION,
        ),
        "prompt-counted": Misconception(
            "The prompt was counted, too. `n_tokens` says how many *new* tokens are written.", AUTOREGRESSION
        ),
        "one-token-only": Misconception(
            "After one new token it stops. Does a `return` stand inside the loop?", AUTOREGRESSION
        ),
        "as-many-as-the-prompt": Misconception(
            "As many new tokens as the prompt has were written: does the loop run over the prompt? It has `n_tokens` "
            "steps.",
            AUTOREGRESSION,
        ),
        "the-prompts-last-token": Misconception(
            "Each new token was chosen from what follows the last token of the *prompt*. What was chosen has to become "
            "the next input: ask `predict` again in each step, about the last token that is written.",
            AUTOREGRESSION,
        ),
        "the-first-token": Misconception(
            "Each new token was chosen from what follows the *first* token. The next token follows the last one.",
            AUTOREGRESSION,
        ),
        "only-the-last-token": Misconception(
            "This is the last token alone. The result is the whole list: the prompt and all new tokens.",
            AUTOREGRESSION,
        ),
        "text-instead-of-tokens": Misconception(
            "The result is to be the list of tokens. They are joined to a text where that is printed.", AUTOREGRESSION
        ),
        "not-tokens": Misconception(
            "Something in the list is no token. `choose` gives one token; append it as it is.", AUTOREGRESSION
        ),
        "not-a-list": Misconception("The result is to be a list of tokens.", AUTOREGRESSION),
        "other-tokens": Misconception(
            "These are not the tokens that `predict` and `choose` give, step after step: in each step, `predict` is "
            "asked about the last token that is written, and `choose` takes one from what it says.",
            AUTOREGRESSION,
        ),
        "tied-to-the-example": Misconception(
            "The prompts by hand hold, and random models do not. Does the function use a name from outside, or a token "
            "of an example?",
            AUTOREGRESSION,
        ),
    },
)
