"""The six exercises of lesson 01, tokenization: what each check tries, what it recognises, what it says.

Expected tokens come from a scanner that reads one character after the other, not from the pattern that the solution
uses. Small examples in a fixed order come first, so that a message shows the same text every time; fresh random ones
follow and decide, and their message shows none of them.
"""

EXERCISES = (
    "tokenize",
    "vocabulary_or_corpus",
    "two_texts",
    "encode_tokens",
    "separators",
    "special_in_text",
)
