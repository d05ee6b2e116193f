"""The exercises of lesson 13, efficient generation: what each check tries, recognises and says.

Expected values come from the definitions, written out here, not from the solutions. Small cases in fixed numbers come
first, so that a message shows the same numbers every time; fresh random ones follow and decide.
"""

EXERCISES = {
    "tokens_that_pass": "How many tokens pass",
    "cached_step": "Attention with a cache",
    "cache_bytes": "Bytes of a cache",
    "grouped_attention": "Grouped queries",
    "online_softmax": "A running softmax",
}
