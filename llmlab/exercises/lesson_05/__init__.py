"""The five exercises of lesson 05, attention: what each check tries, what it recognises, what it says.

Expected values come from PyTorch's own softmax in double precision. A wrong answer is recognised by what it gives on
one small example, whose numbers tell all the known mistakes apart; fresh random sizes decide.
"""

EXERCISES = (
    "attention_weights",
    "forward",
    "attend",
    "prediction",
    "previous_token_head",
)
