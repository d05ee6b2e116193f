"""Headings of lesson 15 that a misconception points to."""

MASK = "Only the answer counts"
SCORE = "An examination"
LORA = "LoRA: a small addition"
