"""The exercises of lesson 07, causal attention: what each check tries, recognises and says.

Small cases in fixed numbers come first, so that a message shows the same numbers every time; fresh random ones follow.
"""

EXERCISES = {
    "causal_weights": "Mask before the softmax",
    "what_moves": "Write the test",
    "dropout_bug": "Find the bug: dropout in the wrong place",
    "leaks": "Find three leaks",
}
