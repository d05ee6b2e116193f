"""The exercises of lesson 06, attention: what each check tries, what it recognises, what it says.

Expected values come from PyTorch's own softmax in double precision. A wrong answer is recognised by what it gives on
one small example, whose numbers tell all the known mistakes apart; fresh random sizes decide.
"""

EXERCISES = {
    "softmax_bugs": "Find the bugs: a softmax with two faults",
    "attend": "Write `attend`",
    "one_number_of_k": "One number of K",
    "previous_token_head": "Build the previous-token head",
}
