"""A decision: how the page draws, and which sentence stands on it."""

from __future__ import annotations

from collections.abc import Iterator
from string import whitespace
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import is_number
from llmlab.exercises.lesson_16.sections import PAGE

_HOT = 1.2


def _check_page(answer: Any) -> Iterator[str]:
    temperature, top_p, claim = answer if isinstance(answer, list) and len(answer) == 3 else (None, None, None)
    letter = claim.strip(whitespace + "().:").lower() if isinstance(claim, str) else ""
    if not (is_number(temperature) and is_number(top_p) and letter in ("a", "b", "c", "d")):
        raise Wrong("not-three-things", f"You answered `{show(answer)}`.")
    if temperature < 0 or not 0 < top_p <= 1:
        raise Wrong("out-of-range", f"Temperature {show(temperature)}, top-p {show(top_p)}.")
    if temperature < 0.2 or top_p < 0.1:
        raise Wrong("nearly-always-the-same", f"Temperature {show(temperature)}, top-p {show(top_p)}.")
    if temperature > _HOT and top_p > 0.98:
        raise Wrong("hot-without-a-cut", f"Temperature {show(temperature)}, top-p {show(top_p)}.")
    cut = "nothing is cut" if top_p == 1 else f"the tail beyond {show(top_p)} of the probability is cut"
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
            "The temperature is 0 or more, top-p above 0 and at most 1; for no cut it is 1.", PAGE
        ),
        "nearly-always-the-same": Misconception(
            "So sharp, the model writes nearly the same text from each beginning, whatever the seed. That is fine for "
            "one right answer, and shows little of what the model has learned.",
            PAGE,
        ),
        "hot-without-a-cut": Misconception(
            f"Above a temperature of {_HOT} the tail is drawn often, and nothing cuts it: one token that does not fit "
            "misleads all after it. A lower temperature, or a top-p of 0.9, keeps it out.",
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
