"""The exercises of lesson 08, multi-head attention: what each check tries, recognises and says.

Small cases in fixed numbers come first, so that a message shows the same numbers every time; fresh random ones follow.
The whole layer is looked at in four ways, since no single one shows every bug: which inputs reach which outputs,
the same around an input of zeros, magnitudes as the width grows, and values on a small example.
"""

EXERCISES = {
    "split_heads": "Split into heads",
    "merge_heads": "Merge the heads",
    "fused_columns": "Where is a head in the fused matrix?",
    "whole_layer": "The whole layer",
    "own_module": "A module of your own",
}
