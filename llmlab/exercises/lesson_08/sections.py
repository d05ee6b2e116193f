"""Headings of lesson 08 that a misconception points to."""

SEVERAL = "Several heads, several questions"
SPLIT = "Split into heads, and merge again"
FUSED = "One fused projection"
LAYER = "The whole layer"
UNSEEN = "What the map cannot see"
MODULE = "A module of your own"
