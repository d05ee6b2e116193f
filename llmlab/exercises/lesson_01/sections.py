"""Headings of lesson 01 that a misconception points to."""

CUT = "Cut a text into tokens"
VOCABULARY = "The vocabulary"
DECODE = "Encode and decode"
ROUND_TRIP = "What a round trip loses"
UNKNOWN = "Unknown words"
SPECIAL = "Special tokens"
SIZES = "Characters, words, pieces of words"
