"""A decision: the text to learn from. Any language and any subject; it must be a text, and enough of one."""

from __future__ import annotations

import lzma
import random
from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.lesson_16.sections import LOOK, TEXT

_FEWEST, _MOST = 10_000, 5_000_000  # bytes
_NEWS = 0.05  # bits for each byte of the second half, at least: texts have 0.4 and more, copies next to none
_ORDER = 0.97  # of what the shuffled characters take, at most: texts take three quarters and less
# What UTF-8 looks like when it is read as Latin-1: its first byte of two, and one of those that follow it.
_FIRST, _FOLLOWS = "ÃÂÐÑ", {chr(code) for code in range(0x80, 0xC0)} | set("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ")


def _bytes_of(text: str) -> int:
    return len(text.encode(errors="replace"))


def _compressed(text: str) -> int:
    return len(lzma.compress(text.encode(errors="replace")))


def _shuffled(text: str) -> str:
    """The same characters in another order, the same on every run."""
    return "".join(random.Random(0).sample(text, len(text)))


def _damaged(text: str) -> int:
    """Signs that stand for a letter that was lost: U+FFFD, and pairs as in "Ã¼"."""
    pairs = sum(first in _FIRST and second in _FOLLOWS for first, second in zip(text, text[1:], strict=False))
    return text.count("\ufffd") + pairs


def _check_text(answer: Any) -> Iterator[str]:
    if not isinstance(answer, str):
        raise Wrong("not-a-text", f"You answered `{show(answer)}`.")
    n_bytes = _bytes_of(answer)
    if n_bytes < 300 and len(answer.split()) == 1:
        raise Wrong("a-name-not-a-text", f"You answered `{show(answer)}`.")
    if n_bytes < _FEWEST:
        raise Wrong("too-short", f"It has {n_bytes:,} bytes.")
    if n_bytes > _MOST:
        raise Wrong("too-long", f"It has {n_bytes:,} bytes.")
    yield f"{n_bytes:,} bytes of UTF-8, of which about {n_bytes // 10:,} will be kept to measure on"
    if (damaged := _damaged(answer)) > len(answer) / 1000:
        raise Wrong("damaged-letters", f"There are {damaged:,} such places.")
    yield f"{len(set(answer)):,} different characters, and they look whole"
    middle = len(answer) // 2
    half, whole = _compressed(answer[:middle]), _compressed(answer)
    if whole < 1.1 * half or 8 * (whole - half) < _NEWS * _bytes_of(answer[middle:]):
        raise Wrong(
            "one-piece-again-and-again",
            f"Compressed by `lzma`, its first half has {half:,} bytes and all of it {whole:,}.",
        )
    yield f"its second half has news: compressed, the whole takes {whole / half:.1f} times what the first half takes"
    part = answer[:100_000]
    own, shuffled = _compressed(part), _compressed(_shuffled(part))
    if own > _ORDER * shuffled:
        shown = f"Compressed, {len(part):,} characters of it have {own:,} bytes, and shuffled they have {shuffled:,}."
        raise Wrong("no-order-to-learn", shown)
    yield f"its order can be learned: shuffled, its characters take {shuffled / own:.1f} times as many bytes"


EXERCISE = Exercise(
    kind="value",
    examine=_check_text,
    means="There is enough to learn, enough to measure on, and the measuring part is not a copy of the rest. "
    "Everything that follows is measured on this text.",
    hints=(
        "How much of your text says something that the rest of it does not?",
        "A tenth is kept to measure on, and has to be more than a few lines. 100,000 bytes and more, of one kind, "
        "teach a small model visibly.",
        '`my_text = load_text("keepers-log")`, or `load_text(Path("my_text.txt"))` for a file of yours.',
    ),
    variant="Take two texts of the same length, one of a single kind (recipes, laws, letters of one person) and one of "
    "many. Which of them does `lzma` make smaller, and which will the model learn better?",
    misconceptions={
        "not-a-text": Misconception(
            "The answer is the text itself, one `str`: `load_text(...)` gives it. Lists of lines are joined by "
            '`"\\n".join(lines)`.',
            TEXT,
        ),
        "a-name-not-a-text": Misconception(
            "That is one word, perhaps the name of a text or of a file. `load_text(...)` reads what has that name.",
            TEXT,
        ),
        "too-short": Misconception(
            f"That is less than {_FEWEST:,} bytes. A tenth of it is measured on, and a model of a hundred thousand "
            "weights has the rest by heart before it has learned anything from it. Take more of the same kind.",
            LOOK,
        ),
        "too-long": Misconception(
            f"That is more than {_MOST:,} bytes. In half a minute a model does not get through it once. Take a part: "
            "`my_text[:2_000_000]`.",
            LOOK,
        ),
        "damaged-letters": Misconception(
            "More than one character in a thousand is U+FFFD, or a pair such as `Ã¼`. That is what letters look like "
            "whose bytes were read with another encoding than they were written with, and the model would learn to "
            "write them. Read the file again with its own encoding.",
            LOOK,
        ),
        "one-piece-again-and-again": Misconception(
            "Its second half says next to nothing that the first half does not: whole passages stand there more than "
            "once. The part that is measured on would be known from the training, so no measurement would mean "
            "anything.",
            LOOK,
        ),
        "no-order-to-learn": Misconception(
            "Its characters compress hardly better in their own order than shuffled: what was read says next to "
            "nothing of what comes next. A model could only learn how often each character occurs.",
            LOOK,
        ),
    },
)
