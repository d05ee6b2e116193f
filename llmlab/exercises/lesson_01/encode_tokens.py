"""An encoder that falls back to `<|unk|>`, to be written: tried where that id is the last, and where it is not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Raised, Wrong, show
from llmlab.exercises.engine.answers import is_whole
from llmlab.exercises.lesson_01.common import a_word
from llmlab.exercises.lesson_01.sections import UNKNOWN, VOCABULARY

_UNK = "<|unk|>"

# The first entry has id 0, and <|unk|> is once the last entry and once not; ids need not be 0, 1, 2 …
_VOCABULARIES = (
    {"a": 0, "cat": 1, "sat": 2, _UNK: 3},
    {"rope": 4, _UNK: 2, "sheep": 9, "the": 0, "boat": 11},
)

_ROWS: tuple[tuple[int, list[str]], ...] = (
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
        if got != expected or not all(map(is_whole, got)):
            shown = f"`{encode_tokens.spell(tokens, vocabulary)}` gave `{show(got)}`."
            raise Wrong(_unknown_misconception(got, tokens, vocabulary), shown)
    yield f"{len(_ROWS)} lists of tokens by hand"

    fresh = random.Random()
    for _ in range(20):
        words = [a_word(fresh) for _ in range(12)]
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
    expected = [vocabulary.get(token, unknown) for token in tokens]
    if got == [unknown] and len(tokens) > 1:
        return "one-id-for-all"
    known = next((place for place, token in enumerate(tokens) if token not in vocabulary), len(tokens))
    if len(got) < len(tokens) and got == expected[: len(got)]:
        return "stops-at-the-first-unknown" if len(got) in (known, known + 1) else "stops-too-early"
    if len(got) != len(tokens):
        return "other-ids"
    places = list(vocabulary)
    if got == [places.index(token if token in vocabulary else _UNK) for token in tokens]:
        return "place-instead-of-id"
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


EXERCISE = Exercise(
    kind="function",
    examine=_check_encode_tokens,
    means="No text stops this encoder any more. The price: all unknown words have become one and the same id.",
    hints=(
        "Which id should `dog` get if the vocabulary does not hold it, and where does that id stand?",
        "The vocabulary has an entry for `<|unk|>`. Look a token up if it is there, and else look that entry up.",
        '`return [token_to_id.get(token, token_to_id["<|unk|>"]) for token in tokens]`',
    ),
    variant="Return the share of unknown tokens as well, and print it for a text of your own.",
    crashes=(
        Crash(
            "get-with-brackets",
            "TypeError",
            r"'(builtin_function_or_method|method)' object is not subscriptable",
            "A method is called with parentheses: `token_to_id.get(token, …)`.",
            UNKNOWN,
        ),
        Crash(
            "whole-list-asked",
            "TypeError",
            r"unhashable type: 'list'",
            "The vocabulary was asked about the whole list. Ask it about one token after the other, in a loop.",
            UNKNOWN,
        ),
    ),
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
        "stops-at-the-first-unknown": Misconception(
            "After the first unknown token nothing more came. Does the `try` stand around the loop, or a `return` or "
            "`break` in it? One unknown token must not keep the others from being looked up.",
            UNKNOWN,
        ),
        "one-id-for-all": Misconception(
            "One id came back, that of `<|unk|>`, for all tokens together. Does the `try` stand around the whole list? "
            "Decide for each token by itself: one unknown token must not take the others along.",
            UNKNOWN,
        ),
        "stops-too-early": Misconception(
            "The first ids are right, and then some are missing. Does a `return` stand inside the loop?", UNKNOWN
        ),
        "place-instead-of-id": Misconception(
            "These are the *places* of the tokens in the vocabulary. A token's id is the number that the vocabulary "
            "holds for it, `token_to_id[token]`, wherever it stands.",
            VOCABULARY,
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
