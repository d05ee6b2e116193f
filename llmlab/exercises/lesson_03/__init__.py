"""The six exercises of lesson 03, sliding windows: what each check tries, what it recognises, what it says.

Expected values come from the definitions (a window starts at every multiple of the stride where its targets still fit),
not from the solutions. Small cases tried in a fixed order come first, so that a message shows the same numbers every
time; fresh random sizes follow and decide, and their message shows no numbers.
"""

EXERCISES = {
    "trained_positions": "How many predictions does a batch train?",
    "make_windows": "Write the windows",
    "trained_tokens": "What does a stride skip?",
    "count_batches": "Count windows and batches",
    "make_loader": "Find the bug: the loader",
    "next_token_loss": "Find the bug: the loss",
}
