"""The exercises of lesson 10, what a GPT costs: what each check tries, what it recognises, what it says.

Expected values come from the definitions, written out here, not from the solutions.
"""

EXERCISES = {
    "parameter_budget": "A parameter budget",
    "operations": "The cost of a pass",
    "twice_as_many_tokens": "Twice as many tokens",
    "largest_batch": "Does it fit?",
    "larger_batch": "What does a larger batch read?",
}
