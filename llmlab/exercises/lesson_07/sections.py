"""Headings of lesson 07 that a misconception points to."""

AHEAD = "Why a token must not look ahead"
BEFORE = "Mask before the softmax"
LATE = "The late mask"
PROVEN = "Causality, proven"
DROPOUT = "Dropout on the weights"
