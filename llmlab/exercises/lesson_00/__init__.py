"""The exercises of lesson 00, welcome: what a model gives back, how often it runs, and when a notebook can be trusted.

A wrong pair of numbers is looked up in the ideas that give it, most telling idea first.
"""

EXERCISES = {
    "what_comes_out": "What comes out of the model?",
    "passes_needed": "How often does the model run?",
    "restart_and_run_all": "Restart and run all",
}
