"""Answers to "Only answers count": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _mask(appended="speaking", speaking="id == assistant or (speaking and id != end)", result="mask"):
    """An `answer_mask` with one part of it changed."""
    return (
        "def answer_mask(ids, assistant, end):\n"
        "    mask, speaking = [], False\n"
        "    for id in ids:\n"
        f"        mask.append({appended})\n"
        f"        speaking = {speaking}\n"
        f"    return {result}\n"
    )


WRONG = {
    "assistant-counts": _mask("speaking or id == assistant"),
    "end-forgotten": _mask("speaking and id != end"),
    "assistant-for-end": _mask("(speaking or id == assistant) and id != end"),
    "questions-count": _mask("not speaking"),
    "all-counts": _mask("True"),
    "first-answer-only": _mask(result="[c and end not in ids[:at] for at, c in enumerate(mask)]"),
    "last-answer-only": """
def answer_mask(ids, assistant, end):
    last = len(ids) - 1 - ids[::-1].index(end) if end in ids else len(ids)
    first = max((at for at in range(last) if ids[at] == assistant), default=len(ids))
    return [first < at <= last for at in range(len(ids))]
""",
    "never-closed": _mask(speaking="speaking or id == assistant"),
    "one-too-early": _mask(result="mask[1:] + [False]"),
    "one-too-late": _mask(result="[False] + mask[:-1]"),
    "not-a-row": _mask(result="sum(mask)"),
    "not-a-row: the ids": _mask(result="[id for id, counts in zip(ids, mask) if counts]"),
    "other-length": _mask(result="mask[1:]"),
    "other-mask": _mask(result="[False] * len(ids)"),
    "tied-to-the-example": _mask(speaking="id == 2 or (speaking and id != 3)"),
    "returns-none": _mask(result="None"),
}

UNUSUAL = [
    _mask(),
    """
def answer_mask(ids, assistant, end):
    opened = torch.tensor([0] + [int(id == assistant) for id in ids[:-1]]).cumsum(0)
    closed = torch.tensor([0] + [int(id == end) for id in ids[:-1]]).cumsum(0)
    return opened > closed
""",
    """
def answer_mask(ids, assistant, end):
    mask = [0] * len(ids)
    at = 0
    while assistant in ids[at:]:
        at = ids.index(assistant, at) + 1
        stop = ids.index(end, at) + 1 if end in ids[at:] else len(ids)
        mask[at:stop] = [1] * (stop - at)
        at = stop
    return mask
""",
]

NEAR_MISSES = {
    "assistant-counts": _mask("speaking or id == 1"),
    "end-forgotten": _mask("speaking and id != 7"),
    "assistant-for-end": _mask("id == assistant"),
    "questions-count": _mask("not speaking and id != assistant"),
    "all-counts": _mask(result="[True] * (len(ids) - 1) + [False]"),
    "first-answer-only": _mask("speaking and id == end"),
    "last-answer-only": WRONG["first-answer-only"],
    "never-closed": _mask("speaking or id == 1"),
    "one-too-early": _mask(result="mask[2:] + [False, False]"),
    "one-too-late": _mask(result="[False, False] + mask[:-2]"),
    "not-a-row": _mask(result="tuple(mask)"),
    "other-length": _mask(result="mask + []"),
    "other-mask": _mask("not speaking"),
    "tied-to-the-example": WRONG["end-forgotten"],
}

CRASHES = {
    "nothing-to-find": """
def answer_mask(ids, assistant, end):
    start, stop, mask = ids.index(assistant), ids.index(end), [False] * len(ids)
    while True:
        mask[start + 1 : stop + 1] = [True] * (stop - start)
        start, stop = ids.index(assistant, stop), ids.index(end, stop + 1)
    return mask
""",
    "unknown-name": _mask(appended="talking"),
    "index-past-end": """
def answer_mask(ids, assistant, end):
    mask, speaking = [], False
    for at in range(len(ids)):
        mask.append(speaking)
        speaking = ids[at + 1] == assistant or (speaking and ids[at] != end)
    return mask
""",
}
