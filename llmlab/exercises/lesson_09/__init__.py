"""The five exercises of lesson 09, generation and efficiency: what each check tries, recognises and says.

Expected values come from the definitions, written out here, not from the solutions. Small cases in fixed numbers come
first, so that a message shows the same numbers every time; fresh random ones follow and decide.
"""

EXERCISES = {
    "logits_to_probabilities": "From logits to probabilities",
    "tokens_that_pass": "How many tokens pass",
    "cached_step": "Attention with a cache",
    "cache_bytes": "Bytes of a cache",
    "online_softmax": "A running softmax",
}
