"""The five exercises of lesson 09, generation and efficiency: what each check tries, recognises and says.

Expected values come from the definitions, written out here, not from the solutions. Small cases in fixed numbers come
first, so that a message shows the same numbers every time; fresh random ones follow and decide.
"""

EXERCISES = (
    "sampler",
    "passes",
    "cached_step",
    "cache_bytes",
    "online_softmax",
)
