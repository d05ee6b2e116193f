"""Headings of lesson 13 that a misconception points to."""

AGAIN = "What a step computes again"
CACHE = "The KV cache"
BYTES = "What a cache takes"
FEWER = "Fewer key and value heads"
ONLINE = "Softmax, block by block"
