"""Headings of lesson 00 that a misconception points to."""

COMPUTES = "What a language model computes"
AUTOREGRESSION = "One token at a time"
PREFIXES = "Every prefix at once, masked"
PASSES = "One pass or many"
NOTHING = "A notebook that starts from nothing"
