"""The exercises of lesson 09, the GPT block: what each check tries, what it recognises, what it says.

Expected values come from the definitions, written out here, not from the solutions. Small cases in fixed numbers come
first, so that a message shows the same numbers every time; fresh random ones follow and decide.
"""

EXERCISES = {
    "layer_norm": "LayerNorm",
    "block_order": "Order the block",
    "the_block": "The block",
    "first_loss": "The first loss",
}
