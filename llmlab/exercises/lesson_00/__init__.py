"""The three predictions of lesson 00, welcome: what a model gives back, how often it runs, what a batch reads.

Each answer is two numbers. A wrong pair is looked up in the ideas that give it, most telling idea first.
"""

EXERCISES = {
    "what_comes_out": "What comes out of the model?",
    "passes_needed": "How often does the model run?",
    "larger_batch": "What does a larger batch read?",
}
