"""The share of answers that are right, to be written: tried on four answers, then on random ones."""

from __future__ import annotations

import random
from collections.abc import Iterator

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import is_number, name_of
from llmlab.exercises.lesson_15.sections import SCORE

# Seven answers of which four are right; each other rule counts another number of them.
_SAID = ["in the barn.", "The dogs. ", "grass", "hay.", "the dog or the dogs.", "barn", "the cow."]
_ANSWERS = [
    ["in the barn."],
    ["the dog.", "the dogs."],
    ["grass.", "hay."],
    ["grass.", "hay."],
    ["the dog.", "the dogs."],
    ["in the barn."],
    ["the horse."],
]


def _plain(text: str) -> str:
    return text.strip().lower().removesuffix(".")


def _right(said: list[str], answers: list[list[str]]) -> float:
    hits = [_plain(text) in map(_plain, good) for text, good in zip(said, answers, strict=True)]
    return sum(hits) / len(hits)


def _wrong_scores(said: list[str], answers: list[list[str]]) -> dict[str, float]:
    pairs = list(zip(said, answers, strict=True))

    def share(rule: object) -> float:
        return sum(map(bool, (rule(text, good) for text, good in pairs))) / len(pairs)

    right = _right(said, answers)
    return {
        "count-not-share": right * len(pairs),
        "percent": 100 * right,
        "wrong-ones": 1 - right,
        "first-answer-only": share(lambda text, good: _plain(text) == _plain(good[0])),
        "last-answer-only": share(lambda text, good: _plain(text) == _plain(good[-1])),
        "every-character-counts": share(lambda text, good: text in good),
        "capitals-count": share(
            lambda text, good: text.strip().removesuffix(".") in [g.removesuffix(".") for g in good]
        ),
        "full-stop-counts": share(lambda text, good: text.strip().lower() in good),
        "a-part-will-do": share(lambda text, good: any(_plain(g) in _plain(text) for g in good)),
        "a-part-will-do: of the answer": share(lambda text, good: any(_plain(text) in _plain(g) for g in good)),
    }


def _check_score(score: Probe) -> Iterator[str]:
    value = score(_SAID, _ANSWERS, shown=f"{score.name}(said, answers)")
    right = _right(_SAID, _ANSWERS)
    if not is_number(value):
        raise Wrong("not-a-number", f"It gave `{show(value)}`.")
    if not _same(value, right):
        wrong = _wrong_scores(_SAID, _ANSWERS)
        idea = name_of(wrong.items(), lambda model: _same(value, model))
        said = "; ".join(
            f"{text!r} for {' or '.join(map(repr, good))}" for text, good in zip(_SAID, _ANSWERS, strict=True)
        )
        raise Wrong(idea or "other-score", f"For {said} it gave `{show(value)}`; right is 4 of 7, `{show(right)}`.")
    yield "seven answers, four of them right"
    fresh = random.Random()
    words = ["grass.", "hay.", "flies.", "in the barn.", "in the pond.", "the dogs.", "the dog."]
    for _ in range(8):
        n = fresh.randint(1, 9)
        answers = [fresh.sample(words, fresh.randint(1, 3)) for _ in range(n)]
        said = [fresh.choice([*good, *words, "The dogs", " HAY. ", "the barn"]) for good in answers]
        value = score(said, answers, shown=f"{score.name}(said, answers)", fresh=True)
        if not is_number(value) or not _same(value, _right(said, answers)):
            raise Wrong("tied-to-the-example", f"Seen with {n} random answers.")
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
