"""The six exercises of lesson 04, embeddings: what each check tries, what it recognises, what it says.

Expected values come from the definitions, with plain sums. One small case, written out in numbers, comes first, so that
a message shows the same every time; fresh random cases follow and decide, and their message shows no numbers.
"""

EXERCISES = (
    "one_hot",
    "rows_that_move",
    "skip_gram_loss",
    "what_was_learned",
    "permutation_test",
    "embed_input",
)
