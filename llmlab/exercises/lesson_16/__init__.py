"""The exercises of lesson 16, a model of one's own: what each check tries, recognises and says.

Four of them are decisions of a project, five in all. Their checks ask whether a decision suits the text, the machine
and what was measured, say what it costs, and leave the choice to whoever makes it.
"""

EXERCISES = {
    "choose_text": "Decision one: the text",
    "bits_per_byte": "Bits per byte",
    "choose_vocabulary": "Decision two: the vocabulary",
    "choose_size": "Decisions three and four: size and steps",
    "longest_copy": "The longest copy",
    "choose_page": "Decision five: what the page does and says",
}
