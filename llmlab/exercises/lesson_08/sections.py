"""Headings of lesson 08 that a misconception points to."""

SEVERAL = "Several heads, several questions"
SPLIT = "Split, transpose, merge"
FUSED = "One fused projection"
UNSEEN = "What the map cannot see"
