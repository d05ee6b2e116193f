"""The exercises of lesson 15, from continuing to answering: what each check tries, recognises and says.

Expected values come from the definitions, written out here, not from the solutions. Small cases in fixed numbers come
first, so that a message shows the same numbers every time; fresh random ones follow and decide.
"""

EXERCISES = {
    "answer_mask": "Only answers count",
    "exact_match": "Right is right",
    "lora_parameters": "How many numbers learn",
    "lora_layer": "A layer with a LoRA",
}
