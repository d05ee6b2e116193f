"""Answers to "What comes out of the model?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "only-the-next-token": "(1, 1)",
    "only-the-next-token: a share": "(1, 0.2)",
    "one-for-each-given-token": "(2, 1)",
    "only-what-was-seen": "(9, 1)",
    "only-what-was-seen: places": "(10, 1)",
    "every-token-of-the-text": "(3832, 1)",
    "every-token-of-the-text: pairs of neighbours": "(3831, 1)",
    "pairs-counted": "(1353 ** 2, 1)",
    "after-each-given-token": "[2706, 2]",
    "after-each-given-token: all of them 1": "(2 * 1353, 1)",
    "total-is-not-one": "(1353, 10)",
    "total-is-not-one: per cent": "(1353, 100)",
    "total-is-not-one: not a number": "(1353, float('nan'))",
    "numbers-swapped": "(1, 1353)",
    "not-two-numbers": "1353",
    "not-two-numbers: words": "('piano', 'was')",
    "not-two-numbers: truth values": "(True, True)",
    "not-two-numbers: no number": "(1353, __import__('decimal').Decimal('NaN'))",
    "not-two-numbers: a row of probabilities": "[0.2, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]",
    "count-again": "(1000, 1)",
}

UNUSUAL = [
    "[1353, 1.0]",
    "(1353, sum([1 / 10] * 10))",
    "torch.tensor([1353.0, 1.0])",
    "(1353, 0.9999999)",
    "(1353, 1 - 1e-7)",
    "(1353, sum([__import__('fractions').Fraction(1, 10)] * 10))",
    "(1353, sum([__import__('decimal').Decimal('0.1')] * 10))",
]

# What looks like it and is not it: it passes, or fails for another reason.
NEAR_MISSES = {
    "only-the-next-token": WRONG["one-for-each-given-token"],
    "one-for-each-given-token": "(3, 1)",
    "only-what-was-seen": "(8, 1)",
    "every-token-of-the-text": "(3833, 1)",
    "pairs-counted": "(1353 * 1352, 1)",
    "after-each-given-token": "(1353, 2)",
    "total-is-not-one": "(1352, 10)",
    "numbers-swapped": "(1, 1352)",
    "not-two-numbers": UNUSUAL[0],
    "count-again": WRONG["total-is-not-one"],
}
