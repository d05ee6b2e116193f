"""A tokenizer for words and marks, to be written: tried on texts by hand, then on random ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.lesson_01.common import a_word
from llmlab.exercises.lesson_01.sections import CUT, ROUND_TRIP, SIZES, VOCABULARY

_MARKS = ",.:;?_!\"()'"

_TEXTS = (
    "the piano and the sheep",
    "Yes, it's late.",
    "two  spaces\n\nand\ttwo lines\n",
    '"Wait -- no!" (she said): a;b_c?',
    "one--two 1/2 well-kept £3",
    "To be, or not to be",
    "",
    " ",
    "...",
    "---",
)


def _scan(text: str) -> list[str]:
    """Words, marks and double dashes, found character by character."""
    tokens, word, place = [], "", 0
    while place < len(text):
        mark = "--" if text[place : place + 2] == "--" else text[place]
        place += len(mark)
        if mark == "--" or mark in _MARKS or mark.isspace():
            tokens += [word, "" if mark.isspace() else mark]
            word = ""
        else:
            word += mark
    return [token for token in [*tokens, word] if token]


def _check_tokenize(tokenize: Probe) -> Iterator[str]:
    for text in _TEXTS:
        got = tokenize(text)
        if got != _scan(text):
            raise Wrong(_tokens_misconception(got, text), f"`{tokenize.spell(text)}` gave `{show(got)}`.")
    yield f"{len(_TEXTS)} texts by hand, the empty one among them"

    fresh = random.Random()
    for _ in range(20):
        text = "".join(fresh.choices([" ", "  ", "\n", "--", *_MARKS, *(a_word(fresh) for _ in range(20))], k=30))
        if tokenize(text, shown="a random text", fresh=True) != _scan(text):
            raise Wrong("tied-to-the-example")
    yield "fresh random texts"


def _tokens_misconception(got: Any, text: str) -> str:
    """Which idea gives these tokens: type, then what is in them, then how they differ from the right ones."""
    expected = _scan(text)
    if not isinstance(got, list) or not all(isinstance(token, str) for token in got):
        return "not-a-list-of-text"
    if not any(token.strip(_MARKS + "- \n\t") for token in got) and any(token.isalnum() for token in expected):
        return "words-lost"
    if "" in got:
        stripped = "".join(token or " " for token in got) == text
        return "stripped-and-kept" if stripped else "empty-piece-kept"
    if 0 < got.count(" ") < text.count(" "):
        return "skipped-in-the-loop"
    if any(token.isspace() for token in got):
        return "white-space-kept"
    if any(token.split() != [token] for token in got):
        return "white-space-inside"
    if got == text.split() and any(mark in text for mark in _MARKS):
        return "marks-glued"
    if got == sorted(set(got)) and set(got) == set(expected):
        return "vocabulary-instead"
    if len(expected) > 1 and got == expected[1:]:
        return "first-token-lost"
    if set(got) == set(expected):
        return "each-token-once"
    if 0 < len(got) < len(expected) and got == expected[: len(got)]:
        return "stops-too-early"
    if got == [token.lower() for token in expected]:
        return "case-folded"
    if got == [character for character in text if not character.isspace()]:
        return "characters-instead"
    if "".join(got) == "".join(expected):
        if any("--" in token and token != "--" for token in got):
            return "dashes-glued"
        if any("'" in token and token != "'" for token in got):
            return "apostrophe-glued"
        return "cut-too-often" if len(got) > len(expected) else "cut-too-seldom"
    kept = "".join(character for character in "".join(got) if character not in _MARKS + "-")
    letters = "".join(character for character in "".join(expected) if character not in _MARKS + "-")
    return "marks-lost" if kept == letters else "other-tokens"


EXERCISE = Exercise(
    kind="function",
    examine=_check_tokenize,
    means="`tokenize` cuts like llmlab's `WordTokenizer` with its usual pattern. The microscope below drives yours.",
    hints=(
        'What does `re.split(pattern, "Yes. ")` return at places where two cuts lie side by side, and at the end?',
        "With a group around the pattern `re.split` also returns what it cut at, white space and empty pieces "
        "included. Keep a piece only if something is left of it once its white space is stripped.",
        "`return [piece.strip() for piece in re.split(pattern, text) if piece.strip()]`",
    ),
    variant="Write it with `re.findall`: a pattern for what a token *is* instead of where to cut.",
    crashes=(
        Crash(
            "split-arguments",
            "TypeError",
            r"missing 1 required positional argument: 'string'|expected string or bytes-like object, got 'list'",
            "`re.split` wants two things: the pattern, then the text.",
            CUT,
        ),
        Crash(
            "text-method-on-a-list",
            "AttributeError",
            r"'list' object has no attribute '(strip|split|isspace|replace|lower)'",
            "That is a method of a text, and `re.split` gives a list: call it on each piece.",
            CUT,
        ),
        Crash(
            "removed-twice",
            "ValueError",
            r"list\.remove\(x\): x not in list",
            "There was nothing left to remove. Build a new list of the pieces to keep; `remove` takes out the first "
            "equal one, and only that.",
            CUT,
        ),
    ),
    misconceptions={
        "empty-piece-kept": Misconception(
            "There is an empty token. `re.split` returns an empty piece wherever a cut lies at the end of the text or "
            "beside another cut; looked up in a vocabulary, it is a KeyError, and an empty text crashes the encoder.",
            CUT,
        ),
        "stripped-and-kept": Misconception(
            "There are empty tokens where the spaces were. `strip` makes an empty piece of a space; it has to be left "
            "out as well, because looked up in a vocabulary it is a KeyError.",
            CUT,
        ),
        "white-space-kept": Misconception(
            "Spaces or line ends are tokens here. That would be a fair design, which keeps the round trip whole; this "
            "exercise leaves all white space out.",
            CUT,
        ),
        "skipped-in-the-loop": Misconception(
            "Some spaces are gone and some are left. If a loop removes pieces from the very list that it runs over, it "
            "skips the piece after each one removed: build a new list instead.",
            CUT,
        ),
        "white-space-inside": Misconception(
            "A token has white space in it: cut there too, and leave it out. (`text.split` takes a pattern literally; "
            "`re.split` reads it.)",
            CUT,
        ),
        "words-lost": Misconception(
            "The words are missing. The pattern says where to cut, and `re.findall` returns no more than that; "
            "`re.split` returns what stands between the cuts, too. If you did split: is your test the wrong way round?",
            CUT,
        ),
        "stops-too-early": Misconception(
            "The first tokens are right, and then some are missing: does a `return` stand inside the loop, or is the "
            "last one cut off?",
            CUT,
        ),
        "first-token-lost": Misconception("The first token is missing: where does the loop, or the slice, begin?", CUT),
        "marks-glued": Misconception(
            "The text is cut at white space only, so marks hang on to their words, and `late.` and `late` would be two "
            "different entries of the vocabulary.",
            CUT,
        ),
        "marks-lost": Misconception(
            "Punctuation marks are missing. They are tokens of their own: keep every piece that is not empty or white "
            "space. (`re.split` returns what it cut at only if the pattern stands in a group, as the given one does.)",
            CUT,
        ),
        "apostrophe-glued": Misconception(
            "The apostrophe is still inside a word. The exercise makes it a token: `it's` gives three.", CUT
        ),
        "dashes-glued": Misconception("`--` between two words is a token of its own, with or without spaces.", CUT),
        "cut-too-often": Misconception(
            "Some token is cut that should stay whole. Only the marks named in the exercise and `--` are cut off: a "
            "single hyphen, a slash or a pound sign belongs to its word.",
            CUT,
        ),
        "cut-too-seldom": Misconception(
            "A mark is still inside a token. Cut at each of `, . : ; ? _ ! \" ( ) '` and at `--`.", CUT
        ),
        "case-folded": Misconception(
            "The tokens are in lower case. The text cannot come back from that; leave its letters as they are.",
            ROUND_TRIP,
        ),
        "vocabulary-instead": Misconception(
            "These are the distinct tokens, sorted: the vocabulary. Tokenizing keeps every token, in the text's order.",
            VOCABULARY,
        ),
        "each-token-once": Misconception(
            "A token that comes twice is missing once, or the order is another. Keep every token in its place.",
            VOCABULARY,
        ),
        "characters-instead": Misconception(
            "These are single characters: the word between two cuts stays whole.", SIZES
        ),
        "not-a-list-of-text": Misconception("The result must be a list of tokens, each of them text.", CUT),
        "other-tokens": Misconception("These are not the words and marks of the text, in its order.", CUT),
        "tied-to-the-example": Misconception(
            "The examples hold, and random texts do not. Is there a rule for a single word of an example, or for "
            "letters of one alphabet only?",
            CUT,
        ),
    },
)
