"""Headings of lesson 02 that a misconception points to."""

BYTES = "Start from bytes"
REPEAT = "Count, merge, repeat"
TRAINER = "The trainer"
TIES = "When pairs tie"
RANK = "Encode by rank"
