"""The five exercises of lesson 02, byte pair encoding: what each check tries, what it recognises, what it says.

For each coded exercise there is one definition of the right answer and a list of algorithms that learners write
instead. A wrong answer is compared with all of them on the same small examples; the misconception is the first whose
results all agree. Fresh random inputs follow and decide, and their message shows none of their numbers.
"""

EXERCISES = {
    "count_pairs": "Count the pairs",
    "merge_pair": "Merge a pair",
    "train_merges": "Train merges",
    "who_wins_a_tie": "Who wins a tie?",
    "encode_by_rank": "Encode by rank",
}
