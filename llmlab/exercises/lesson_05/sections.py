"""Headings of lesson 05 that a misconception points to."""

ORDER = "Order is lost"
MASK = "What a causal mask changes"
LEARNED = "Learned positions: a second table"
ROTARY = "Rotary positions: turn, do not add"
