"""Headings of lesson 12 that a misconception points to."""

WRITES = "A model that writes"
TEMPERATURE = "Temperature: divide the logits"
TOP_K = "Top-k: a fixed number of tokens"
TOP_P = "Top-p: as many tokens as it takes"
ORDER = "The order of the steps"
