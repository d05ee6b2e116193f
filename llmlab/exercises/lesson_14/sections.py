"""Headings of lesson 14 that a misconception points to."""

COMPARE = "One change at a time"
RMS = "RMSNorm: a norm without a mean"
GATE = "SwiGLU: a gate in the feed-forward layer"
EXPERTS = "A mixture of experts"
TABLE = "The whole table"
