"""The share of answers that are right, to be written: tried on fourteen answers, then on random ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import is_number, name_of
from llmlab.exercises.lesson_15.sections import SCORE

# One answer at a time, so that a message can show the one where a rule goes wrong; the last five are wrong.
_CASES = (
    ("in the barn.", ["in the barn."]),
    ("the dogs.", ["the dog.", "the dogs."]),
    ("the dog.", ["the dog.", "the dogs."]),
    ("hay.", ["grass.", "flies.", "hay."]),
    ("The Cows.", ["the cows."]),
    ("flies", ["flies."]),
    (" grass. ", ["grass."]),
    ("The Fox.", ["the fox"]),
    ("the owl", [" The Owl."]),
    ("the dog or the dogs.", ["the dog.", "the dogs."]),
    ("barn", ["in the barn."]),
    ("the horse.", ["the cow."]),
    ("in the barn..", ["in the barn."]),
    ("inthe barn.", ["in the barn."]),
)


def _plain(text: str) -> str:
    return text.strip().lower().removesuffix(".")


def _right(said: list[str], answers: list[list[str]]) -> float:
    hits = [_plain(text) in map(_plain, good) for text, good in zip(said, answers, strict=True)]
    return sum(hits) / len(hits)


def _without_stop(text: str) -> str:
    return text.removesuffix(".")


def _among(plain: Callable[[str], str]) -> Callable[[str, list[str]], bool]:
    """The rule that makes both sides alike with `plain`."""
    return lambda text, good: plain(text) in map(plain, good)


# What each known mistake gives for one answer.
_RULES: dict[str, Callable[[str, list[str]], float]] = {
    "percent": lambda text, good: 100 * _right([text], [good]),
    "wrong-ones": lambda text, good: 1 - _right([text], [good]),
    "first-answer-only": lambda text, good: _plain(text) == _plain(good[0]),
    "last-answer-only": lambda text, good: _plain(text) == _plain(good[-1]),
    "every-character-counts": lambda text, good: text in good,
    "only-what-was-said": lambda text, good: _plain(text) in good,
    "only-the-right-answers": lambda text, good: text in map(_plain, good),
    "capitals-count": _among(lambda text: _without_stop(text.strip())),
    "full-stop-counts": _among(lambda text: text.strip().lower()),
    "white-space-counts": _among(lambda text: _without_stop(text.lower())),
    "several-stops-gone": _among(lambda text: text.strip().lower().rstrip(".")),
    "several-stops-gone: anywhere": _among(lambda text: text.lower().replace(".", "").strip()),
    "white-space-inside-gone": _among(lambda text: _without_stop("".join(text.lower().split()))),
    "white-space-inside-gone: stops too": _among(lambda text: "".join(text.lower().replace(".", "").split())),
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
    yield "fourteen answers, one at a time"
    said, answers = map(list, zip(*_CASES, strict=True))
    value, right = score(said, answers, shown=f"{score.name}(said, answers)"), _right(said, answers)
    if not is_number(value) or not _same(value, right):
        n_right = round(sum(rights))
        shown = f"For all {len(said)} together, of which {n_right} are right, it gave `{show(value)}`"
        raise Wrong("count-not-share" if value == n_right else "other-score", f"{shown}; right is `{show(right)}`.")
    yield "all fourteen together"
    crossed = ["hay.", "the cow."], [["the cow."], ["hay.", "grass."]]
    value = score(*crossed)
    if not is_number(value) or not _same(value, 0):
        shown = f"`{score.spell(*crossed)}` gave `{show(value)}`; right is `0`."
        raise Wrong("answers-of-other-questions" if value == 1 else "other-score", shown)
    yield "two answers that are right for another question"
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
        "only-what-was-said": Misconception(
            "What was said was made plain, and compared with the right answers as they stand. These have capitals, "
            "white space and full stops, too: make both sides plain.",
            SCORE,
        ),
        "only-the-right-answers": Misconception(
            "The right answers were made plain, and what was said was compared as it stands. Make both sides plain.",
            SCORE,
        ),
        "several-stops-gone": Misconception(
            "More than one full stop was taken off. One at the end makes no difference, so with two there is one too "
            'many: `.removesuffix(".")` takes off one.',
            SCORE,
        ),
        "white-space-inside-gone": Misconception(
            "White space was taken out everywhere. Only at the ends it makes no difference: `.strip()`.", SCORE
        ),
        "answers-of-other-questions": Misconception(
            "A text passed that is right for another question. Each is compared with the answers in its own place: "
            "`zip(said, answers)`.",
            SCORE,
        ),
        "not-a-number": Misconception("The function returns one number, the share of right answers."),
        "other-score": Misconception(
            "This is not the share of what was said that equals one of its right answers.", SCORE
        ),
        "tied-to-the-example": Misconception(
            "The examples hold, and random answers do not: what in the code is right for the examples alone?"
        ),
    },
)
