"""A decision: how the page draws, and which sentence stands on it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from string import whitespace
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import is_number
from llmlab.exercises.lesson_16.sections import PAGE

_COLD, _HOT, _TOO_HOT = 0.2, 1.2, 2  # temperatures
_ALONE = 0.3  # a top-p below which one token is often left alone


def _check_page(answer: Any) -> Iterator[str]:
    three: list[Any] = answer if isinstance(answer, list) and len(answer) == 3 else [None] * 3
    temperature, top_p, claim = three
    letter = claim.strip(whitespace + "().:").lower() if isinstance(claim, str) else ""
    if not (is_number(temperature) and is_number(top_p) and letter in ("a", "b", "c", "d")):
        raise Wrong("not-three-things", f"You answered `{show(answer)}`.")
    if not (0 <= temperature < math.inf and 0 < top_p <= 1):
        raise Wrong("out-of-range", f"Temperature {show(temperature)}, top-p {show(top_p)}.")
    if temperature < _COLD or top_p < _ALONE:
        raise Wrong("nearly-always-the-same", f"Temperature {show(temperature)}, top-p {show(top_p)}.")
    if temperature > _TOO_HOT:
        raise Wrong("too-hot-for-a-cut", f"Temperature {show(temperature)}, top-p {show(top_p)}.")
    if temperature > _HOT and top_p > 0.98:
        raise Wrong("hot-without-a-cut", f"Temperature {show(temperature)}, top-p {show(top_p)}.")
    cut = "nothing is cut" if top_p == 1 else f"what lies beyond {show(top_p)} of that probability is cut"
    open_as = "sharper than" if temperature < 1 else "flatter than" if temperature > 1 else "as open as"
    yield f"temperature {show(temperature)} makes it {open_as} what was learned, and {cut}"
    if letter != "c":
        ideas = {"a": "says-it-can-a-language", "b": "says-it-never-copies", "d": "says-it-understands"}
        raise Wrong(ideas[letter], f"You answered `{show(claim)}`.")
    yield "the sentence says what was measured, on what"


EXERCISE = Exercise(
    kind="value",
    examine=_check_page,
    means="A reader of your page sees what the model is and what it was measured on, and can try the rest.",
    hints=(
        "Which of the sentences could you show a doubter with the numbers of this notebook?",
        "Three of them say more than anything here has measured. And a page on which nothing surprises, or nothing is "
        "right, shows little.",
        'For example temperature 0.8 and top-p 0.95, with sentence "c".',
    ),
    variant="Write the sentence for your own text: what it read, how much of it, and the number that says how well.",
    model_answer="it names the size, the text and a measurement on text that was held out. The others claim a "
    "language, an absence or an understanding, and each would need a measurement that nobody has made here.",
    misconceptions={
        "not-three-things": Misconception(
            'The answer is three things: `temperature, top_p, claim`, two numbers and a letter from "a" to "d".', PAGE
        ),
        "out-of-range": Misconception(
            "The temperature is a finite number, 0 or more; top-p is above 0 and at most 1, and 1 for no cut.", PAGE
        ),
        "nearly-always-the-same": Misconception(
            f"So sharp, there is hardly a choice left. Below a temperature of {_COLD} a token of half the probability "
            f"is more than 30 times as rare; a top-p below {_ALONE} leaves one token alone wherever that one has as "
            "much. That is fine where one answer is right; a page should show more of what the model has learned.",
            PAGE,
        ),
        "too-hot-for-a-cut": Misconception(
            f"Above a temperature of {_TOO_HOT} a token that is 100 times less probable than another counts for more "
            "than a tenth of it. A top-p does not help: it adds up these flattened probabilities, and so lets the tail "
            "in again (lesson 12).",
            PAGE,
        ),
        "hot-without-a-cut": Misconception(
            f"Above a temperature of {_HOT} the tail is drawn far more often than the model has learned, and next to "
            "nothing cuts it: one token that does not fit misleads all after it. Lower the temperature; a top-p of 0.9 "
            "helps only while the tail is still improbable (lesson 12).",
            PAGE,
        ),
        "says-it-can-a-language": Misconception(
            "It has read one small text. Ask it for anything that is not of that kind, and it writes that kind.", PAGE
        ),
        "says-it-never-copies": Misconception(
            "The longest copies were measured above, and they are not empty. That something never happens cannot be "
            "seen in a few samples.",
            PAGE,
        ),
        "says-it-understands": Misconception(
            "What was measured is how well it predicts the next token. Nothing here has measured understanding, so the "
            "page cannot claim it.",
            PAGE,
        ),
    },
)
