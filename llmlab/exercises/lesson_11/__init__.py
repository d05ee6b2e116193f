"""The exercises of lesson 11, training: what each check tries, what it recognises, what it says.

Expected values come from the definitions, written out here, not from the solutions. Small cases in fixed numbers come
first, so that a message shows the same numbers every time; fresh random ones follow and decide.
"""

EXERCISES = {
    "batch_loss": "Find the bug: the loss that will not fall",
    "overfit_one_batch": "Overfit one batch",
    "schedule": "The schedule",
    "validation_loss": "The validation loss",
    "curve_bugs": "Which bug made this curve?",
}
