"""The exercises of lesson 12, writing text: what each check tries, recognises and says.

Expected values come from the definitions, written out here, not from the solutions. Small cases in fixed numbers come
first, so that a message shows the same numbers every time; fresh random ones follow and decide.
"""

EXERCISES = {
    "write_text": "Write the loop",
    "two_cuts": "What is left after two cuts?",
    "logits_to_probabilities": "From logits to probabilities",
}
