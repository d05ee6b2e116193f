"""Headings of lesson 05 that a misconception points to."""

ORDER = "Order is lost"
PLACES = "Positions: learned, sinusoidal, rotary"
