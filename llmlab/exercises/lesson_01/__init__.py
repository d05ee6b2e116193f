"""The six exercises of lesson 01, tokenization: what each check tries, what it recognises, what it says.

Expected tokens come from a scanner that reads one character after the other, not from the pattern that the solution
uses. Small examples in a fixed order come first, so that a message shows the same text every time; fresh random ones
follow and decide, and their message shows none of them.
"""

EXERCISES = {
    "tokenize": "Cut a text into words and marks",
    "vocabulary_or_corpus": "Which of these is the vocabulary?",
    "decode": "From ids back to text",
    "break_round_trip": "Break the round trip",
    "encode_tokens": "A place for unknown words",
    "special_in_text": "A special token in somebody's text",
}
