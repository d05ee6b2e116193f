"""The exercises of lesson 14, from GPT-2 to today: what each check tries, recognises and says.

Expected values come from the definitions, written out here, not from the solutions. Small cases in fixed numbers come
first, so that a message shows the same numbers every time; fresh random ones follow and decide.
"""

EXERCISES = {
    "rms_norm": "RMSNorm",
    "swiglu": "SwiGLU",
    "mixture": "Route tokens to experts",
    "held_and_used": "Held and used",
    "what_the_table_says": "What does the table say?",
}
