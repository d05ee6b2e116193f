"""The six exercises of lesson 06, causal and multi-head attention: what each check tries, recognises and says.

Small cases in fixed numbers come first, so that a message shows the same numbers every time; fresh random ones follow.
The whole layer (06.5) is looked at in four ways, since no single one shows every bug: which inputs reach which outputs,
the same around an input of zeros, magnitudes as the width grows, and values on a small example.
"""

EXERCISES = {
    "causal_weights": "Mask before the softmax",
    "dropout_bug": "Find the bug: dropout in the wrong place",
    "split_heads": "Split into heads",
    "fused_columns": "Where is a head in the fused matrix?",
    "whole_layer": "The whole layer",
    "leaks": "Find three leaks",
}
