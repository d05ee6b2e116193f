"""Headings of lesson 16 that a misconception points to."""

TEXT = "A text"
LOOK = "Look at it"
TOKENS = "Tokens, weighed in bits"
SIZE = "As large as the minutes allow"
COPIES = "Does it copy?"
PAGE = "A page that runs it"
