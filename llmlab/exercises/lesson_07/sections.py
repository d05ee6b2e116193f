"""Headings of lesson 07 that a misconception points to."""

AHEAD = "Why a token must not look ahead"
BEFORE = "Mask before the softmax"
LATE = "The late mask"
TESTED = "Causality, tested"
PROVEN = "Causality, proven for one layer"
DROPOUT = "Dropout on the weights"
