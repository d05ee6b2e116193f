"""How good answers are: exact match with one of the right ones, and how sure a share of so many is; needs no PyTorch.

Sources: Rajpurkar et al. 2016 (SQuAD) for exact match with the best of several answers; Wilson 1927 for the interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from llmlab.utils.arguments import as_count, require_number


def exact_match(said: str, answers: Iterable[str]) -> bool:
    """Whether what was said is one of the right answers, but for capitals, white space and a full stop at the end.

    Raises:
        TypeError: `said` is not a string, or `answers` is a single one.

    >>> exact_match(" In the barn", ["in the barn."]), exact_match("in the barn at night.", ["in the barn."])
    (True, False)
    """
    if not isinstance(said, str):
        raise TypeError(f"said must be a string, got {said!r}")
    if isinstance(answers, str):
        raise TypeError(f"answers must be a collection of right answers, got one str: write [{answers!r}]")
    return _plain(said) in map(_plain, answers)


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).removesuffix(".").rstrip()


def wilson_interval(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The shares of right answers, (lowest, highest), that go well with `right` of `total`: Wilson's score interval.

    Were the same number of questions drawn again and again, such intervals would hold the true share about 95 times of
    100 (z = 1.96). Unlike share ± z · √(share · (1 - share) / total) it never leaves 0 to 1, and it does not shrink to
    nothing when all answers are right.

    Raises:
        TypeError: a count that is not an integer.
        ValueError: no question, or more right answers than questions.

    >>> low, high = wilson_interval(28, 28)
    >>> round(low, 2), round(high, 2)
    (0.88, 1.0)
    """
    right, total = as_count("right", right, least=0), as_count("total", total)
    if right > total:
        raise ValueError(f"right must be at most total, got {right} of {total}")
    require_number("z", z)
    if not z > 0:
        raise ValueError(f"z must be above 0, got {z}: 1.96 is for 95 of 100")
    share = right / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    return max(0.0, middle - half), min(1.0, middle + half)
