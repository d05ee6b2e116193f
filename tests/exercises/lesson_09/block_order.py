"""Answers to "Order the block": wrong ones by misconception, near misses, unusual right ones."""

from __future__ import annotations

WRONG = {
    "feed-forward-first": "'geadbfc'",
    "side-by-side": "'dbgfeac'",
    "side-by-side: sums last": "'dbgefac'",
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

NEAR_MISSES = {
    "feed-forward-first": "'dbgfeac'",
    "side-by-side": "'geadbfc'",
    "one-norm-for-both": "'gbfdeac'",
    "norms-swapped": "'dgbfeac'",
    "used-before-made": "'dbgfeac'",
    "returns-too-early": "'dbfgea'",
    "not-all-lines": "'dbfcgea'",
}

UNUSUAL = ["'D B F G E A C'", "list('dbfgeac')", "('d', 'b', 'f', 'g', 'e', 'a', 'c')", "'d, b, f, g, e, a, c'"]
