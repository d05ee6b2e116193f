"""Headings of lesson 00 that a misconception points to."""

COMPUTES = "What a language model computes"
COUNTS = "From counts to probabilities"
AUTOREGRESSION = "One token at a time"
PREFIXES = "Every prefix at once"
PASSES = "One pass or many"
NOTHING = "A notebook that starts from nothing"
