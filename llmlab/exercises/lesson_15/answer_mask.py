"""Which tokens of a chat count in the loss, to be written: tried on a chat of three turns, then on random ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from operator import eq

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.lesson_15.sections import MASK

_ASSISTANT, _END = 2, 3
_CHAT = [9, 1, 5, 6, 2, 7, 8, 3, 1, 5, 2, 7, 3, 1, 6, 2]  # two answers, and a third turn that begins


def _right(ids: list[int], assistant: int, end: int) -> list[bool]:
    mask, speaking = [], False
    for id in ids:
        mask.append(speaking)
        speaking = id == assistant or (speaking and id != end)
    return mask


def _wrong_masks(ids: list[int], assistant: int, end: int) -> dict[str, list[bool]]:
    right = _right(ids, assistant, end)
    first, last = ids.index(end) + 1, len(ids) - ids[::-1].index(end) - 1  # past the first answer; the last <|end|>
    begins = max(at for at in range(last) if ids[at] == assistant)
    opened = [counts or id == assistant for counts, id in zip(right, ids, strict=True)]
    closed = [counts and id != end for counts, id in zip(right, ids, strict=True)]
    inner = [counts and id != end for counts, id in zip(opened, ids, strict=True)]
    return {
        "assistant-counts": opened,
        "end-forgotten": closed,
        "assistant-for-end": inner,
        "questions-count": [not counts for counts in right],
        "all-counts": [True] * len(ids),
        "first-answer-only": right[:first] + [False] * (len(ids) - first),
        "last-answer-only": [begins < at <= last for at in range(len(ids))],
        "never-closed": [assistant in ids[:at] for at in range(len(ids))],
        "one-too-early": right[1:] + [False],
        "one-too-late": [False, *right[:-1]],
    }


def _check_mask(mask: Probe) -> Iterator[str]:
    value = mask(_CHAT, _ASSISTANT, _END)
    right = _right(_CHAT, _ASSISTANT, _END)
    if not isinstance(value, list) or any(item not in (0, 1) for item in value):
        raise Wrong("not-a-row", f"It gave `{show(value)}`.")
    shown = f"`{mask.spell(_CHAT, _ASSISTANT, _END)}` counted {_said(_CHAT, value)}; right is {_said(_CHAT, right)}."
    if len(value) != len(_CHAT):
        raise Wrong("other-length", f"For {len(_CHAT)} ids it gave {len(value)}.")
    if value != right:
        raise Wrong(
            name_of(_wrong_masks(_CHAT, _ASSISTANT, _END).items(), lambda model: eq(model, value)) or "other-mask",
            shown,
        )
    yield "two answers, and a turn that begins"
    for ids, case in (([9, 1, 5, 2, 7, 8], "an answer that is not finished"), ([9, 1, 5, 6], "no answer at all")):
        value = mask(ids, _ASSISTANT, _END)
        if value != _right(ids, _ASSISTANT, _END):
            raise Wrong("tied-to-the-example", f"Seen with {case}: `{mask.spell(ids, _ASSISTANT, _END)}`.")
    yield "an answer that is not finished, and none"
    fresh = random.Random()
    for _ in range(8):
        user, assistant, end = fresh.sample(range(100, 200), 3)
        ids = [fresh.randint(0, 99)]
        for _ in range(fresh.randint(1, 4)):
            ids += [user, *fresh.choices(range(100), k=fresh.randint(0, 5)), assistant]
            ids += [*fresh.choices(range(100), k=fresh.randint(0, 5)), end]
        if mask(ids, assistant, end, fresh=True) != _right(ids, assistant, end):
            raise Wrong("tied-to-the-example", "Seen with random chats and other special ids.")
    yield "fresh random chats"


def _said(ids: list[int], mask: list[bool]) -> str:
    places = [f"{at}" for at, counts in enumerate(mask) if counts]
    return f"the places {', '.join(places)}" if places else "no place"


EXERCISE = Exercise(
    kind="function",
    examine=_check_mask,
    means="The loss asks for what the assistant says and for its `<|end|>`, in every turn, and for nothing else.",
    hints=(
        "Going through the ids from the left, what do you have to remember?",
        "Whether the assistant is speaking. It begins *after* `assistant`, and `end` is the last thing that it says.",
        "For each id: append `speaking`, then `speaking = id == assistant or (speaking and id != end)`.",
    ),
    variant="Let only the *last* answer of a chat count. For what kind of training chats would that be wiser?",
    misconceptions={
        "assistant-counts": Misconception(
            "The id of `assistant` counts here. We write it ourselves, at the end of the prompt.",
            MASK,
        ),
        "end-forgotten": Misconception(
            "The id of `end` does not count here. The model has to learn to stop: it says `end` itself.", MASK
        ),
        "assistant-for-end": Misconception(
            "The id of `assistant` counts here and that of `end` does not. It is the other way round: we write the "
            "first, the model says the last.",
            MASK,
        ),
        "questions-count": Misconception(
            "This is the mask turned round: True belongs to what the assistant says.", MASK
        ),
        "all-counts": Misconception("Everything counts here: that is training without a mask.", MASK),
        "first-answer-only": Misconception("Only the first answer counts here. A chat may hold several.", MASK),
        "last-answer-only": Misconception("Only the last answer counts here. Each of them is to be learned.", MASK),
        "never-closed": Misconception(
            "From the first answer on everything counts, the next questions too. `end` closes an answer.", MASK
        ),
        "one-too-early": Misconception(
            "This is the mask one place too early. It marks the ids themselves; the shift comes later.",
            MASK,
        ),
        "one-too-late": Misconception("This is the mask one place too late: it marks the ids themselves.", MASK),
        "not-a-row": Misconception("The function returns a list with True or False for each id."),
        "other-length": Misconception("There must be one truth value for each id, in the same order."),
        "other-mask": Misconception("True belongs to what stands after `assistant`, up to and with `end`.", MASK),
        "tied-to-the-example": Misconception(
            "The first chat holds, and others do not. Are the two ids taken from the arguments, and may an answer be "
            "missing, empty or unfinished?"
        ),
    },
    crashes=(
        Crash(
            "nothing-to-find",
            "ValueError",
            r"is not in list|substring not found",
            "`index` raises where the id does not occur: a chat may end before the answer does, or hold none.",
            MASK,
        ),
    ),
)
