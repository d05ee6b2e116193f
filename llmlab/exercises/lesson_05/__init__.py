"""The exercises of lesson 05, positions: what each check tries, what it recognises, what it says.

Small cases in fixed numbers come first, so that a message shows the same every time; fresh random ones follow and
decide, and their message shows no numbers.
"""

EXERCISES = {
    "permutation_test": "The permutation test",
    "with_a_mask": "With a mask, without positions",
    "embed_input": "Tokens and places, and a text that is too long",
    "turn_pairs": "Turn the pairs",
}
