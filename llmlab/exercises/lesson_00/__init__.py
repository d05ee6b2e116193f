"""The exercises of lesson 00, welcome: the bigram model, how often a model runs, when a notebook can be trusted.

A wrong answer is looked up in the ideas that give it, most telling idea first.
"""

EXERCISES = {
    "what_comes_out": "What comes out of the model?",
    "next_token_probabilities": "Probabilities of the next token",
    "generate": "Let it write",
    "passes_needed": "How often does the model run?",
    "restart_and_run_all": "Restart and run all",
}
