"""Headings of lesson 10 that a misconception points to."""

COUNT = "Counting parameters"
FLOPS = "Counting operations"
LENGTH = "What a longer text costs"
MEMORY = "What training holds in memory"
BATCHING = "Why batching pays"
