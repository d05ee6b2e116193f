"""The six exercises of lesson 01, tokenization: what each check tries, what it recognises, what it says.

Expected tokens come from a scanner that reads one character after the other, not from the pattern that the solution
uses. Small examples in a fixed order come first, so that a message shows the same text every time; fresh random ones
follow and decide, and their message shows none of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from llmlab.corpus import load_text
from llmlab.exercises.core import Exercise, Misconception
from llmlab.exercises.probes import Probe, Raised, Wrong, shorten, show
from llmlab.tokenizers import UnknownTokenError, WordTokenizer

CUT = "Cut a text into tokens"
VOCABULARY = "The vocabulary"
ROUND_TRIP = "What a round trip loses"
UNKNOWN = "Unknown words"
SPECIAL = "Special tokens"
SIZES = "Characters, words, pieces of words"

# 01.1 ------------------------------------------------------------------------------------------------------------

_MARKS = ",.:;?_!\"()'"
_TEXTS = (
    "The piano came",
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
        text = "".join(fresh.choices([" ", "  ", "\n", "--", *_MARKS, *(_word(fresh) for _ in range(20))], k=30))
        if tokenize(text, shown="a random text", fresh=True) != _scan(text):
            raise Wrong("tied-to-the-example")
    yield "fresh random texts"


def _word(source: random.Random) -> str:
    return "".join(source.choices("abcdefghijklmnopqrstuvwxyzÄéß", k=source.randint(1, 6)))


def _tokens_misconception(got: Any, text: str) -> str:
    """Which idea gives these tokens: type, then what is in them, then how they differ from the right ones."""
    expected = _scan(text)
    if not isinstance(got, list) or not all(isinstance(token, str) for token in got):
        return "not-a-list-of-text"
    if not any(token.strip(_MARKS + "- \n\t") for token in got) and any(token.isalnum() for token in expected):
        return "words-lost"
    if "" in got:
        return "empty-piece-kept"
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


TOKENIZE = Exercise(
    id="01.1",
    title="Cut a text into words and marks",
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
    misconceptions={
        "empty-piece-kept": Misconception(
            "There is an empty token. `re.split` returns an empty piece wherever a cut lies at the end of the text or "
            "beside another cut; looked up in a vocabulary, it is a KeyError, and an empty text crashes the encoder.",
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
            "Capital letters were made small. The text cannot come back from that; leave it as it is.", ROUND_TRIP
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


# 01.2 ------------------------------------------------------------------------------------------------------------


def _letter(answer: Any) -> Any:
    return answer.strip(" ().:").lower() if isinstance(answer, str) else answer


def _choice(answer: Any, right: str, wrong: dict[str, str], held: str) -> Iterator[str]:
    letter = _letter(answer)
    if letter != right:
        misconception = wrong.get(letter, "not-an-option") if isinstance(letter, str) else "not-an-option"
        raise Wrong(misconception, f"You answered `{show(answer)}`.")
    yield held


_NOT_AN_OPTION = Misconception('Answer with the letter of an option in quotes: "a", "b", "c" or "d".')


def _check_vocabulary(answer: Any) -> Iterator[str]:
    wrong = {"a": "encoded-corpus", "b": "order-of-appearance", "d": "counts"}
    return _choice(answer, "c", wrong, "c, the sorted distinct tokens with their ids")


VOCABULARY_OR_CORPUS = Exercise(
    id="01.2",
    title="Which of these is the vocabulary?",
    kind="value",
    examine=_check_vocabulary,
    means="Six tokens, four of them distinct: four entries, numbered in sorted order. The row [3, 0, 2, 1, 3, 0] is "
    "what becomes of the text with their help.",
    hints=(
        "How often does `be` stand in the text, and how often should a table hold it from which ids are looked up?",
        "A vocabulary is a table from token to id. It has one entry for each distinct token, in whatever order.",
        "`{token: id for id, token in enumerate(sorted(set(tokens)))}`",
    ),
    variant='Write down both for "the sea, the sea": the vocabulary, and the encoded text.',
    misconceptions={
        "encoded-corpus": Misconception(
            "A row of ids in the order of the text is the *encoded text*. To write it one must look ids up, and what "
            "they are looked up in is the vocabulary.",
            VOCABULARY,
        ),
        "order-of-appearance": Misconception(
            "This is a vocabulary, with other ids: it numbers the tokens as they appear. Here they are sorted first, "
            "so that the ids do not depend on the order of the text.",
            VOCABULARY,
        ),
        "counts": Misconception(
            "These numbers say how often each token occurs. Two tokens would share an id, and decoding could not tell "
            "them apart.",
            VOCABULARY,
        ),
        "not-an-option": _NOT_AN_OPTION,
    },
)


# 01.3 ------------------------------------------------------------------------------------------------------------


@cache
def _story_words() -> WordTokenizer:
    return WordTokenizer.from_text(load_text())


def _check_two_texts(answer: Any) -> Iterator[str]:
    if not (isinstance(answer, list) and len(answer) == 2 and all(isinstance(text, str) for text in answer)):
        raise Wrong("not-two-texts", f"You answered `{show(answer)}`.")
    first, second = answer
    if first == second:
        raise Wrong("same-text", f"Both are `{show(first)}`.")
    yield "two different texts"
    try:
        ids = [_story_words().encode(text) for text in answer]
    except UnknownTokenError as error:
        raise Wrong("unknown-word", shorten(str(error).partition(" (")[0], 100) + ".") from None
    yield "all words known"
    if ids[0] != ids[1]:
        same_letters = first.lower().split() == second.lower().split()
        raise Wrong(
            "capitals-differ" if same_letters else "ids-differ", f"Their ids: `{show(ids[0])}`, `{show(ids[1])}`."
        )
    if len(ids[0]) < 3:
        raise Wrong("too-short", f"Their ids: `{show(ids[0])}`.")
    yield "the same ids"


TWO_TEXTS = Exercise(
    id="01.3",
    title="Break the round trip",
    kind="value",
    examine=_check_two_texts,
    means="Two texts, one row of ids: whatever decodes it can give back one of the two at most. What the encoder drops "
    "no decoder can restore, so do not take decode(encode(text)) == text for granted.",
    hints=(
        "What does the encoder leave out before it looks anything up?",
        "White space says where to cut and is then forgotten: one space, three spaces and a line end are all the same.",
        'Take "The piano came" and the same words with two spaces between them.',
    ),
    variant="Find a long sentence of the story that does come back unchanged. Which marks must it avoid?",
    misconceptions={
        "same-text": Misconception(
            "That is one text, given twice. If a round trip always brought the text back, no two different texts could "
            "have the same ids. They can: what does the encoder not look at?",
            ROUND_TRIP,
        ),
        "unknown-word": Misconception(
            "The story's vocabulary does not have all of these words, so there are no ids.", UNKNOWN
        ),
        "capitals-differ": Misconception(
            "They differ in capital letters, and `The` and `the` are two tokens with two ids: that is kept.", VOCABULARY
        ),
        "ids-differ": Misconception(
            "These two have different ids, so a decoder can tell them apart. Change something that is not a token.",
            ROUND_TRIP,
        ),
        "too-short": Misconception("Take texts of three tokens at least, so that there is something to be damaged."),
        "not-two-texts": Misconception("The answer is two texts in quotes: `first, second`."),
    },
)


# 01.4 ------------------------------------------------------------------------------------------------------------

_UNK = "<|unk|>"
# The first entry has id 0, and <|unk|> is once the last entry and once not; ids need not be 0, 1, 2 …
_VOCABULARIES = (
    {"a": 0, "cat": 1, "sat": 2, _UNK: 3},
    {"rope": 4, _UNK: 2, "sheep": 9, "the": 0, "boat": 11},
)
_ROWS = (
    (0, ["a", "cat", "sat"]),
    (0, ["a", "dog", "sat"]),
    (0, ["dog", "A", "a", "cow"]),
    (1, ["the", "goat", "rope", "the"]),
    (1, ["boats", "boat"]),
    (1, [_UNK, "sheep"]),
    (0, []),
)


def _check_encode_tokens(encode_tokens: Probe) -> Iterator[str]:
    for which, tokens in _ROWS:
        vocabulary = _VOCABULARIES[which]
        expected = [vocabulary[token if token in vocabulary else _UNK] for token in tokens]
        try:
            got = encode_tokens(tokens, vocabulary)
        except Raised as raised:
            if "KeyError" not in str(raised):
                raise
            token_missed = any(f"KeyError: {token!r}" in str(raised) for token in tokens)
            raise Wrong("unknown-raises" if token_missed else "entry-misnamed", str(raised)) from None
        if got != expected or not all(isinstance(id, int) and not isinstance(id, bool) for id in got):
            shown = f"`{encode_tokens.spell(tokens, vocabulary)}` gave `{show(got)}`."
            raise Wrong(_unknown_misconception(got, tokens, vocabulary), shown)
    yield f"{len(_ROWS)} rows of tokens by hand"

    fresh = random.Random()
    for _ in range(20):
        words = [_word(fresh) for _ in range(12)]
        known = [*dict.fromkeys(words[:6]), _UNK]
        fresh.shuffle(known)
        vocabulary = dict(zip(known, fresh.sample(range(1000), len(known)), strict=True))
        tokens = fresh.choices(words, k=20)
        expected = [vocabulary[token if token in vocabulary else _UNK] for token in tokens]
        if encode_tokens(tokens, vocabulary, shown="a random vocabulary", fresh=True) != expected:
            raise Wrong("tied-to-the-example")
    yield "fresh random vocabularies"


def _unknown_misconception(got: Any, tokens: list[str], vocabulary: dict[str, int]) -> str:
    if not isinstance(got, list):
        return "not-ids"
    if _UNK in got:
        return "name-instead-of-id"
    if None in got:
        return "nothing-in-its-place"
    if not all(isinstance(id, int) for id in got):
        return "not-ids"
    unknown = vocabulary[_UNK]
    if got == [vocabulary[token] for token in tokens if token in vocabulary]:
        return "unknown-dropped"
    if len(got) != len(tokens):
        return "other-ids"
    expected = [vocabulary.get(token, unknown) for token in tokens]
    if got == [vocabulary.get(token.lower(), unknown) for token in tokens]:
        return "case-folded"
    wrong = {(given, right) for given, right in zip(got, expected, strict=True) if given != right}
    if wrong == {(unknown, 0)}:
        return "id-zero-lost"
    if set(got) == {unknown}:
        return "everything-unknown"
    if all(right == unknown for _, right in wrong):
        given = {given for given, _ in wrong}
        if given == {-1} or given == {0}:
            return "id-of-another"
        if given <= {len(vocabulary) - 1, max(vocabulary.values())}:
            return "last-id-taken"
        if not given & set(vocabulary.values()):
            return "new-id-invented"
    return "other-ids"


ENCODE_TOKENS = Exercise(
    id="01.4",
    title="A place for unknown words",
    kind="function",
    examine=_check_encode_tokens,
    means="No text stops this encoder any more. The price: all unknown words have become one and the same id.",
    hints=(
        "Which id should `dog` get if the vocabulary does not hold it, and where does that id stand?",
        "The vocabulary has an entry for `<|unk|>`. Look a token up if it is there, and else look that entry up.",
        '`return [token_to_id.get(token, token_to_id["<|unk|>"]) for token in tokens]`',
    ),
    variant="Return the share of unknown tokens as well, and print it for a text of your own.",
    misconceptions={
        "unknown-raises": Misconception(
            "An unknown token still stops the encoder. Ask first whether the vocabulary has it, or use `.get`.", UNKNOWN
        ),
        "entry-misnamed": Misconception(
            "The entry that was looked up is not in the vocabulary. The one for unknown tokens is spelt `<|unk|>`.",
            UNKNOWN,
        ),
        "unknown-dropped": Misconception(
            "Unknown tokens are left out. The text would get shorter without a word, and nobody could see where "
            "something is missing: put the id of `<|unk|>` in their place.",
            UNKNOWN,
        ),
        "name-instead-of-id": Misconception(
            "The text `<|unk|>` stands among the ids. What belongs there is its id, looked up like any other.", UNKNOWN
        ),
        "nothing-in-its-place": Misconception(
            "There is a `None` among the ids: `.get` gives it for whatever the vocabulary does not hold. Its second "
            "argument says what to give instead, and the entry for unknown tokens is spelt `<|unk|>`.",
            UNKNOWN,
        ),
        "id-zero-lost": Misconception(
            "The token with id 0 came out as unknown. `or` takes 0 for nothing: ask whether the token is in the "
            "vocabulary, not whether its id counts as true.",
            UNKNOWN,
        ),
        "id-of-another": Misconception(
            "Unknown tokens get a fixed number. In this vocabulary it is no id at all, or the id of another token; "
            "the vocabulary says which id `<|unk|>` has.",
            UNKNOWN,
        ),
        "last-id-taken": Misconception(
            "Unknown tokens get the last id. That is right as long as `<|unk|>` happens to stand last: look it up.",
            UNKNOWN,
        ),
        "new-id-invented": Misconception(
            "Unknown tokens get an id that the vocabulary does not hold. Nothing could decode it, and a model has no "
            "row for it.",
            UNKNOWN,
        ),
        "everything-unknown": Misconception(
            "Every token came out as unknown. Known ones keep their id: ask for each token by itself, among the "
            "vocabulary's tokens (not its ids). Is the test the wrong way round?",
            UNKNOWN,
        ),
        "case-folded": Misconception(
            "`A` came out with the id of `a`. Capitals make another token, and this one is not in the vocabulary.",
            VOCABULARY,
        ),
        "not-ids": Misconception("The result must be a list of ids, whole numbers, one for each token.", UNKNOWN),
        "other-ids": Misconception("One id for each token, in their order: its own, or that of `<|unk|>`.", UNKNOWN),
        "tied-to-the-example": Misconception(
            "The examples hold, and random vocabularies do not. Is a word or an id of an example in the code?",
            UNKNOWN,
        ),
    },
)


# 01.5 ------------------------------------------------------------------------------------------------------------


_LETTERS = 8


def _boundaries(n: int) -> set[int]:
    """What one may count for `n` pieces: between all, after each, around all; or between those of each letter."""
    return {n - 1, n, n + 1, n - _LETTERS}


def _check_separators(answer: Any) -> Iterator[str]:
    number = int(answer) if isinstance(answer, float) and answer.is_integer() else answer
    if isinstance(number, bool) or not isinstance(number, int):
        raise Wrong("not-a-number", f"You answered `{show(answer)}`.")
    if number != _LETTERS - 1:
        ideas = {
            "nothing-to-mark": {0},
            "one-for-all": {1},
            "as-in-the-example": {2},
            "one-each": {_LETTERS, _LETTERS + 1},
            "paragraph-boundaries": _boundaries(20),
            "sentence-boundaries": _boundaries(40),
            "word-boundaries": _boundaries(500),
        }
        found = [idea for idea, numbers in ideas.items() if number in numbers]
        raise Wrong(found[0] if found else "count-again", f"You answered {number}.")
    yield "7, one between each two neighbours"


SEPARATORS = Exercise(
    id="01.5",
    title="What does <|endoftext|> separate?",
    kind="value",
    examine=_check_separators,
    means="Eight documents have seven boundaries between them. Words, sentences and paragraphs are separated by "
    "ordinary tokens.",
    hints=(
        "The name says end of *text*: which of letters, paragraphs, sentences and words are texts of their own?",
        "Packing joins documents that have nothing to do with each other; the separator stands where one ends and the "
        "next begins.",
        "Of three documents it would be two: `first + separator + second + separator + third`.",
    ),
    variant="How many would it be if each document were closed by one, the last as well? Look up which of the two "
    "conventions a library of yours follows.",
    misconceptions={
        "word-boundaries": Misconception(
            "`<|endoftext|>` does not stand between words. It separates documents; where a word ends is seen from its "
            "token, and in GPT-2's case from the space that the next token begins with.",
            SPECIAL,
        ),
        "sentence-boundaries": Misconception(
            "Sentences are closed by full stops, which are ordinary tokens. `<|endoftext|>` separates documents.",
            SPECIAL,
        ),
        "paragraph-boundaries": Misconception(
            "A paragraph ends with line ends, which are ordinary tokens to GPT-2. `<|endoftext|>` separates documents.",
            SPECIAL,
        ),
        "one-each": Misconception(
            "The idea is right: documents count. But `pack` puts a separator *between* two documents, and none after "
            "the last.",
            SPECIAL,
        ),
        "as-in-the-example": Misconception(
            "The example above has two, for its three letters. Here there are eight.", SPECIAL
        ),
        "one-for-all": Misconception(
            "One at the very end would not help: what matters is that the second letter does not continue the first.",
            SPECIAL,
        ),
        "nothing-to-mark": Misconception(
            "Without a separator the second letter would seem to continue the first, and a model would learn to expect "
            "that.",
            SPECIAL,
        ),
        "not-a-number": Misconception("The answer is one whole number."),
        "count-again": Misconception("Count the places where one *document* ends and another begins.", SPECIAL),
    },
)


# 01.6 ------------------------------------------------------------------------------------------------------------


def _check_special_in_text(answer: Any) -> Iterator[str]:
    wrong = {"a": "always-special", "b": "taken-for-plain-text", "d": "silently-removed"}
    return _choice(answer, "c", wrong, "c, a ValueError")


SPECIAL_IN_TEXT = Exercise(
    id="01.6",
    title="A special token in somebody's text",
    kind="value",
    examine=_check_special_in_text,
    means="tiktoken asks you to decide: `allowed_special` makes it the one id, `encode_ordinary` makes it text.",
    hints=(
        "The text may have been typed by a stranger. What could they do if the characters alone made the token?",
        "Both readings are possible, one id or several ordinary ones, and mixing them up goes unnoticed. So the "
        "library does not guess.",
        "Run the call in a new cell, and read the last line.",
    ),
    variant="Encode the same text with `encode_ordinary`, and say which character each id stands for.",
    misconceptions={
        "always-special": Misconception(
            "The id 50256 comes only if you allow it, with `allowed_special`. Otherwise whoever typed the text could "
            "end a document inside yours.",
            SPECIAL,
        ),
        "taken-for-plain-text": Misconception(
            "Seven ordinary tokens come from `encode_ordinary`. `encode` does not take a special token for plain text "
            "without being told so: that mistake is too easy to overlook.",
            SPECIAL,
        ),
        "silently-removed": Misconception("Nothing is removed: a tokenizer that loses text would be no use.", SPECIAL),
        "not-an-option": _NOT_AN_OPTION,
    },
)

EXERCISES = (TOKENIZE, VOCABULARY_OR_CORPUS, TWO_TEXTS, ENCODE_TOKENS, SEPARATORS, SPECIAL_IN_TEXT)
