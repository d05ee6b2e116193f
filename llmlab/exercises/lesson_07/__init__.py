"""The six exercises of lesson 07, the GPT block: what each check tries, what it recognises, what it says.

Expected values come from the definitions, written out here, not from the solutions. Small cases in fixed numbers come
first, so that a message shows the same numbers every time; fresh random ones follow and decide.
"""

EXERCISES = (
    "layer_norm",
    "block_order",
    "find_the_stream",
    "first_loss",
    "parameter_budget",
    "growth",
)
