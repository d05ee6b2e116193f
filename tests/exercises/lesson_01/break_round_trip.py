"""Answers to "Break the round trip": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "same-text": "('The piano came', 'The piano came')",
    "unknown-word": "('The harpsichord came', 'The  harpsichord came')",
    "capitals-differ": "('The piano came', 'the piano came')",
    "capitals-differ: and a space": "('The piano came', 'the  piano came')",
    "ids-differ": "('The piano came', 'The sheep came')",
    "ids-differ: a mark": "('The piano came', 'The piano came.')",
    "too-short": "('The piano', 'The  piano')",
    "too-short: nothing at all": "('', ' ')",
    "not-two-texts": "'The piano came'",
    "not-two-texts: ids": "([1, 2, 3], [1, 2, 3])",
}

UNUSUAL = [
    "('It is late', 'It is\\n\\nlate')",
    "['It\\'s late.', 'It \\' s late .']",
    "[text + ' ' for text in ('The piano came', 'The piano came ')]",
]

# What looks like it and is not it: it passes, or fails for another reason.
NEAR_MISSES = {
    "same-text": "('The piano came', 'The piano came ')",
    "unknown-word": "('The piano came', 'The  piano  came')",
    "capitals-differ": WRONG["ids-differ"],
    "ids-differ": WRONG["capitals-differ"],
    "too-short": "('the sea .', 'the sea.')",
    "not-two-texts": UNUSUAL[1],
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"decode(encode(text)) == text is taken for granted": ("same-text",)}
