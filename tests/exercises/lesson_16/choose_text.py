"""Answers to "The text": what is no text to learn from, by misconception, and texts of many kinds."""

from __future__ import annotations

_STORY = "__import__('llmlab.corpus', fromlist=['load_text']).load_text()"
_RANDOM = "__import__('random').Random(0)"

WRONG = {
    "not-a-text": "['a line', 'another line']",
    "not-a-text: bytes": "b'a text' * 5000",
    "a-name-not-a-text": "'keepers-log'",
    "a-name-not-a-text: a path": "'texts/mine.txt'",
    "too-short": f"{_STORY}[:3000]",
    "too-short: nothing": "''",
    "too-long": "'All work and no play. ' * 300_000",
    "damaged-letters": f"{_STORY}.replace('e', '\\ufffd')",
    "damaged-letters: another encoding": f"{_STORY}.replace('e', 'ü').encode().decode('cp1252', 'replace')",
    "one-piece-again-and-again": "'All work and no play. ' * 3_000",
    "one-piece-again-and-again: a long one": f"{_STORY} * 4",
    "one-piece-again-and-again: a single character": "'a' * 200_000",
    "no-order-to-learn": f"''.join({_RANDOM}.choices('abcdefghijklmnopqrstuvwxyz .', k=60_000))",
    "no-order-to-learn: a text, shuffled": f"''.join({_RANDOM}.sample({_STORY}, 19_000))",
    "no-order-to-learn: bytes as digits": f"{_RANDOM}.randbytes(30_000).hex()",
}

NEAR_MISSES = {
    "a-name-not-a-text": "'two words'",
    "too-short": _STORY,
    "too-long": f"{_RANDOM}.randbytes(2_000_000).hex()",
    "damaged-letters": f"{_STORY}.replace('e', 'ü') + '\\ufffd' * 5",
    "one-piece-again-and-again": f"{_STORY} + {_STORY}[::-1]",
    "no-order-to-learn": f"' '.join({_RANDOM}.choices({_STORY}.split(), k=3_000))",
}

UNUSUAL = [
    _STORY,
    "__import__('llmlab.corpus', fromlist=['toy_world']).toy_world(2_000)",
    # Words of an alphabet that is not Latin, of 3 bytes a letter.
    f"' '.join(''.join(chr(0x4E00 + {_RANDOM[:-3]}(i * 7 + j).randrange(900)) for j in range(3)) for i in range(1500))",
]
