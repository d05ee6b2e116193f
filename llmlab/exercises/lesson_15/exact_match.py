"""The share of answers that are right, to be written: tried on ten answers, then on random ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import is_number, name_of
from llmlab.exercises.lesson_15.sections import SCORE

# One answer at a time, so that a message can show the one where a rule goes wrong; the last three are wrong.
_CASES = (
    ("in the barn.", ["in the barn."]),
    ("the dogs.", ["the dog.", "the dogs."]),
    ("the dog.", ["the dog.", "the dogs."]),
    ("hay.", ["grass.", "flies.", "hay."]),
    ("The Cows.", ["the cows."]),
    ("flies", ["flies."]),
    (" grass. ", ["grass."]),
    ("the dog or the dogs.", ["the dog.", "the dogs."]),
    ("barn", ["in the barn."]),
    ("the horse.", ["the cow."]),
)


def _plain(text: str) -> str:
    return text.strip().lower().removesuffix(".")


def _right(said: list[str], answers: list[list[str]]) -> float:
    hits = [_plain(text) in map(_plain, good) for text, good in zip(said, answers, strict=True)]
    return sum(hits) / len(hits)


def _without_stop(text: str) -> str:
    return text.removesuffix(".")


# What each known mistake gives for one answer.
_RULES: dict[str, Callable[[str, list[str]], float]] = {
    "percent": lambda text, good: 100 * _right([text], [good]),
    "wrong-ones": lambda text, good: 1 - _right([text], [good]),
    "first-answer-only": lambda text, good: _plain(text) == _plain(good[0]),
    "last-answer-only": lambda text, good: _plain(text) == _plain(good[-1]),
    "every-character-counts": lambda text, good: text in good,
    "capitals-count": lambda text, good: _without_stop(text.strip()) in map(_without_stop, good),
    "full-stop-counts": lambda text, good: text.strip().lower() in good,
    "white-space-counts": lambda text, good: _without_stop(text.lower()) in map(_without_stop, good),
    "a-part-will-do": lambda text, good: any(_plain(one) in _plain(text) for one in good),
    "a-part-will-do: of the answer": lambda text, good: any(_plain(text) in _plain(one) for one in good),
    "a-part-will-do: either": lambda text, good: any(
        _plain(text) in _plain(one) or _plain(one) in _plain(text) for one in good
    ),
}


def _check_score(score: Probe) -> Iterator[str]:
    values = [score([text], [good]) for text, good in _CASES]
    for (text, good), value in zip(_CASES, values, strict=True):
        if not is_number(value):
            raise Wrong("not-a-number", f"`{score.spell([text], [good])}` gave `{show(value)}`.")
    rights = [_right([text], [good]) for text, good in _CASES]
    models = [(name, [float(rule(*case)) for case in _CASES]) for name, rule in _RULES.items()]
    for (text, good), value, right in zip(_CASES, values, rights, strict=True):
        if not _same(value, right):
            idea = name_of(models, lambda model: all(map(_same, model, values)))
            shown = f"`{score.spell([text], [good])}` gave `{show(value)}`; right is `{show(right)}`."
            raise Wrong(idea or "other-score", shown)
    yield "ten answers, one at a time"
    said, answers = map(list, zip(*_CASES, strict=True))
    value, right = score(said, answers, shown=f"{score.name}(said, answers)"), _right(said, answers)
    if not is_number(value) or not _same(value, right):
        idea = "count-not-share" if value == 7 else "other-score"
        raise Wrong(
            idea, f"For all ten together, of which 7 are right, it gave `{show(value)}`; right is `{show(right)}`."
        )
    yield "all ten together"
    fresh = random.Random()
    words = ["grass.", "hay.", "flies.", "in the barn.", "in the pond.", "the dogs.", "the dog."]
    for _ in range(8):
        n = fresh.randint(2, 8)
        answers = [fresh.sample(words, fresh.randint(1, 3)) for _ in range(n)]
        said = [fresh.choice([*good, *words, "The dogs", " HAY. ", "the barn"]) for good in answers]
        value = score(said, answers, shown=f"{score.name}(said, answers)", fresh=True)
        if not is_number(value) or not _same(value, _right(said, answers)):
            raise Wrong("tied-to-the-example", "Seen with random answers.")
    yield "fresh random answers"


def _same(a: float, b: float) -> bool:
    return abs(a - b) < 1e-6


EXERCISE = Exercise(
    kind="function",
    examine=_check_score,
    means="The score is decided by what was said alone: no judge, no taste, the same on every run.",
    hints=(
        "Which texts have to be made alike before they are compared, and how?",
        "Both what was said and each right answer: white space off the ends, lower case, no full stop at the end. Then "
        "is what was said among the right ones?",
        '`plain = lambda text: text.strip().lower().removesuffix(".")`, and count the pairs with `plain(text) in '
        "[plain(good) for good in rights]`.",
    ),
    variant="Give half a point to an answer that names a right noun but adds other words. Which of the two scores is "
    "easier to raise without answering better?",
    misconceptions={
        "count-not-share": Misconception(
            "This is how many are right. The score is their share: divide by how many there are.", SCORE
        ),
        "percent": Misconception("This is the share times 100. The score is a share, from 0 to 1.", SCORE),
        "wrong-ones": Misconception("This is the share of the wrong ones.", SCORE),
        "first-answer-only": Misconception(
            "Only the first right answer of each question was accepted. A question may have several.", SCORE
        ),
        "last-answer-only": Misconception(
            "Only the last right answer of each question was accepted. A question may have several.", SCORE
        ),
        "every-character-counts": Misconception(
            "The texts were compared as they stand. Capitals, white space at the ends and a full stop at the end make "
            "no difference.",
            SCORE,
        ),
        "capitals-count": Misconception("Capitals made a difference. They must not: compare in lower case.", SCORE),
        "white-space-counts": Misconception(
            "White space at the ends made an answer wrong. Take it off before comparing: `.strip()`.", SCORE
        ),
        "full-stop-counts": Misconception(
            "A missing full stop made an answer wrong. Take it off what was said and off what is right.", SCORE
        ),
        "a-part-will-do": Misconception(
            "An answer passed that holds a right one among other words, or is a part of one. Exact match is equality.",
            SCORE,
        ),
        "not-a-number": Misconception("The function returns one number, the share of right answers."),
        "other-score": Misconception(
            "This is not the share of what was said that equals one of its right answers.", SCORE
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and random answers do not. Does a number from the example stand in the code?"
        ),
    },
)
