"""The exercises of lesson 04, embeddings: what each check tries, what it recognises, what it says.

Expected values come from the definitions, with plain sums. One small case, written out in numbers, comes first, so that
a message shows the same every time; fresh random cases follow and decide, and their message shows no numbers.
"""

EXERCISES = {
    "one_hot": "One-hot times matrix",
    "rows_that_move": "Which rows move?",
    "skip_gram_loss": "Write the loss of one pair",
    "what_was_learned": "Predict: what has been learned?",
}
