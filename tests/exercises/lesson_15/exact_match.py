"""Answers to "Right is right": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _score(
    plain="text.strip().lower().removesuffix('.')",
    hit="plain(text) in [plain(good) for good in rights]",
    result="right / len(said)",
):
    """An `exact_match_score` with one part of it changed."""
    return (
        "def exact_match_score(said, answers):\n"
        "    def plain(text):\n"
        f"        return {plain}\n"
        "    right = 0\n"
        "    for text, rights in zip(said, answers):\n"
        f"        right += {hit}\n"
        f"    return {result}\n"
    )


WRONG = {
    "count-not-share": _score(result="right"),
    "percent": _score(result="100 * right / len(said)"),
    "wrong-ones": _score(result="1 - right / len(said)"),
    "first-answer-only": _score(hit="plain(text) == plain(rights[0])"),
    "last-answer-only": _score(hit="plain(text) == plain(rights[-1])"),
    "every-character-counts": _score(plain="text"),
    "capitals-count": _score(plain="text.strip().removesuffix('.')"),
    "full-stop-counts": _score(plain="text.strip().lower()"),
    "white-space-counts": _score(plain="text.lower().removesuffix('.')"),
    "only-what-was-said": _score(hit="plain(text) in rights"),
    "only-the-right-answers": _score(hit="text in [plain(good) for good in rights]"),
    "several-stops-gone": _score(plain="text.strip().rstrip('.').lower()"),
    "several-stops-gone: anywhere": _score(plain="text.replace('.', '').strip().lower()"),
    "white-space-inside-gone": _score(plain="text.replace(' ', '').lower().removesuffix('.')"),
    "white-space-inside-gone: stops too": _score(plain="''.join(text.lower().replace('.', '').split())"),
    "answers-of-other-questions": _score(hit="plain(text) in [plain(good) for all in answers for good in all]"),
    "a-part-will-do: either": _score(
        hit="any(plain(text) in plain(good) or plain(good) in plain(text) for good in rights)"
    ),
    "a-part-will-do": _score(hit="any(plain(good) in plain(text) for good in rights)"),
    "a-part-will-do: of the answer": _score(hit="any(plain(text) in plain(good) for good in rights)"),
    "not-a-number": _score(result="f'{right} of {len(said)}'"),
    "not-a-number: a list": _score(result="[right / len(said)]"),
    "other-score": _score(result="right / (len(said) + 1)"),
    "other-score: of all together": _score(result="right / (15 if len(said) == 14 else len(said))"),
    "other-score: of two that are crossed": _score(result="right / len(said) if right else 0.1 * (len(said) == 2)"),
    "tied-to-the-example": _score(result="right / (14 if len(said) == 14 else 1)"),
    "returns-none": _score(result="None"),
}

UNUSUAL = [
    _score(),
    """
def exact_match_score(said, answers):
    hits = [any(t.strip().removesuffix(".").casefold() == g.strip().removesuffix(".").casefold() for g in good)
            for t, good in zip(said, answers)]
    return torch.tensor(hits).float().mean()
""",
    """
def exact_match_score(said, answers):
    right = len(said)
    for i in range(len(said)):
        ended = [text if text.endswith(".") else text + "." for text in map(str.strip, [said[i], *answers[i]])]
        if ended[0].upper() not in {good.upper() for good in ended[1:]}:
            right -= 1
    return right / len(said)
""",
]

NEAR_MISSES = {
    "count-not-share": _score(result="right + 1"),
    "percent": _score(result="10 * right"),
    "wrong-ones": _score(result="right / len(said) - 1"),
    "first-answer-only": _score(hit="plain(text) in map(plain, rights[:2])"),
    "last-answer-only": _score(hit="plain(text) == plain(rights[0])"),
    "every-character-counts": _score(plain="text.strip()"),
    "capitals-count": _score(plain="text.strip().lower()"),
    "full-stop-counts": _score(plain="text.strip().removesuffix('.')"),
    "white-space-counts": _score(plain="text.removesuffix('.')"),
    "only-what-was-said": _score(hit="text in rights"),
    "only-the-right-answers": _score(hit="text in rights"),
    "several-stops-gone": _score(plain="text.strip().lower()"),
    "white-space-inside-gone": _score(plain="' '.join(text.lower().split()).removesuffix('.')"),
    "answers-of-other-questions": _score(hit="plain(text) in map(plain, answers[0])"),
    "a-part-will-do": _score(hit="plain(text).split()[0] in [plain(good).split()[0] for good in rights]"),
    "not-a-number": _score(result="(right, len(said))[0] / len(said)"),
    "other-score": _score(result="right"),
    "tied-to-the-example": _score(result="right / (9 if len(said) == 14 else 1)"),
}

CRASHES = {
    "no-such-attribute": _score(hit="plain(text) == plain(rights)"),
    "unknown-name": _score(result="right / total"),
    "index-past-end": _score(hit="plain(text) in (plain(rights[0]), plain(rights[1]))"),
}
