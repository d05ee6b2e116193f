"""Answers to the three predictions of lesson 00 that learners give, wrong ones and unusual right ones.

WRONG: exercise id -> {misconception id: expression}. Where one misconception has several faces, the key names the face
after a colon. UNUSUAL: exercise id -> expressions that must pass. `tests/test_exercises.py` runs them all and lists the
misconceptions that have none.
"""

WRONG: dict[str, dict[str, str]] = {
    "00.1": {
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
        "not-two-numbers: a row of probabilities": "[0.2, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]",
        "count-again": "(1000, 1)",
    },
    "00.2": {
        "one-pass-a-prediction": "(7, 6)",
        "one-pass-a-prediction: tokens of the sentence": "(8, 6)",
        "one-pass-a-prediction: as in writing": "(6, 6)",
        "one-pass-a-prediction: of two sentences": "(14, 6)",
        "all-written-at-once": "(1, 1)",
        "prompt-counted": "(1, 8)",
        "prompt-counted: all but one": "(1, 7)",
        "last-token-forgotten": "(1, 5)",
        "two-passes-a-step": "(2, 6)",
        "numbers-swapped": "(6, 1)",
        "numbers-swapped: the window": "(7, 1)",
        "not-two-numbers": "'once'",
        "not-two-numbers: one number": "[6]",
        "count-again": "(1, 2)",
        "count-again: none": "(0, 0)",
    },
    "00.3": {
        "read-for-each-text": "(8_000_000, 1_000_000)",
        "read-for-each-text: and for each token": "(8_000_000, 8_000_000)",
        "one-token-for-the-batch": "(1_000_000, 1_000_000)",
        "weights-shared-out": "(125_000, 125_000)",
        "weights-shared-out: twice": "(125_000, 15_625)",
        "grows-with-the-batch": "(1_000_000, 8_000_000)",
        "numbers-swapped": "(125_000, 1_000_000)",
        "not-two-numbers": "1_000_000",
        "not-two-numbers: text": "('1,000,000', '125,000')",
        "count-again": "(1_000_000, 8)",
    },
}

KNOWN_MISTAKES: dict[str, list[tuple[str, str]]] = {}  # the list of known mistakes begins with lesson 01

UNUSUAL: dict[str, list[str]] = {
    "00.1": ["[1353, 1.0]", "(1353, sum([1 / 10] * 10))", "torch.tensor([1353.0, 1.0])", "(n for n in (1353, 1))"],
    "00.2": ["[1, 6]", "torch.tensor([1, 6])", "(7 // 7, 6.0)"],
    "00.3": ["[1e6, 1e6 / 8]", "torch.tensor([1_000_000, 125_000])", "(10 ** 6, 10 ** 6 // 8)"],
}
