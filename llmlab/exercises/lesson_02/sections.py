"""Headings of lesson 02 that a misconception points to."""

BYTES = "Start from bytes"
REPEAT = "Count, merge, repeat"
TIES = "When pairs tie"
RANK = "Encode by rank"
HALF = "Half a character"
PACKING = "Packing, padding, and the end of a text"
