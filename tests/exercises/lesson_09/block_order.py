"""Answers to "Order the block": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "feed-forward-first": "'geadbfc'",
    "halves-side-by-side": "'dbgfeac'",
    "halves-side-by-side: sums last": "'dbgefac'",
    "feed-forward-first: sums last": "'gedbafc'",
    "one-norm-for-both": "'dgbfeac'",
    "one-norm-for-both: norms last": "'gdbfeac'",
    "norms-swapped": "'gbfdeac'",
    "used-before-made": "'bdfgeac'",
    "used-before-made: post-norm": "'bfdeagc'",
    "used-before-made: sums first": "'fdbagec'",
    "returns-too-early": "'dbfcgea'",
    "not-all-lines": "'dbfgea'",
    "not-all-lines: one twice": "'dbfgeaac'",
    "not-all-lines: a number": "7",
}

UNUSUAL = ["'D B F G E A C'", "list('dbfgeac')", "('d', 'b', 'f', 'g', 'e', 'a', 'c')", "'d, b, f, g, e, a, c'"]
