"""Words, characters, bytes: round trips, what is lost, what is refused. Published figures: test_figures.py."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from llmlab.corpus import load_text
from llmlab.tokenizers import WORD_PATTERN, ByteTokenizer, CharTokenizer, UnknownTokenError, WordTokenizer

STORY = load_text()
SPECIAL = ["<|unk|>", "<|endoftext|>"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
WORDY = st.lists(
    st.sampled_from([" ", "\n", "a", "It", "'", "--", "-", ".", ",", "é", "<|unk|>", "<|endoftext|>"])
).map("".join)


def words(**options):
    return WordTokenizer.from_text("It's a cat -- a cat, no less.", **options)


# ---- words -----------------------------------------------------------------------------------------------------------


def test_vocabulary_is_the_sorted_distinct_tokens_then_the_special_ones_as_given():
    tokenizer = words(special_tokens=["<|z|>", "<|unk|>", "<|a|>"], unknown="<|unk|>")
    expected = ["'", ",", "--", ".", "It", "a", "cat", "less", "no", "s", "<|z|>", "<|unk|>", "<|a|>"]
    assert list(tokenizer.vocabulary.values()) == expected
    assert list(tokenizer.vocabulary) == list(range(len(tokenizer))) == list(range(13))
    assert tokenizer.special_tokens == ("<|z|>", "<|unk|>", "<|a|>")


def test_the_story():
    tokenizer = WordTokenizer.from_text(STORY)
    assert (len(tokenizer.encode(STORY)), len(tokenizer)) == (4999, 1005)
    assert set(tokenizer.encode(STORY)) == set(range(1005))
    brute = [piece.strip() for piece in re.split(WORD_PATTERN, STORY) if piece.strip()]
    assert tokenizer.tokenize(STORY) == brute
    assert list(tokenizer.vocabulary.values()) == sorted(set(brute))


def test_a_round_trip_loses_spaces():
    tokenizer = words()
    assert tokenizer.decode(tokenizer.encode("It's a cat.")) == "It' s a cat."
    assert tokenizer.encode("It's   a\n\ncat .") == tokenizer.encode("It's a cat.")


@given(WORDY)
def test_a_second_round_trip_changes_nothing_more(text):
    tokenizer = WordTokenizer.from_text(text, special_tokens=SPECIAL, unknown="<|unk|>")
    once = tokenizer.decode(tokenizer.encode(text))
    assert tokenizer.encode(once) == tokenizer.encode(text)
    assert "".join(once.split()) == "".join(text.split())


@given(WORDY)
def test_special_tokens_are_never_split(text):
    tokenizer = words(special_tokens=[*SPECIAL, "é"], unknown="<|unk|>")
    assert tokenizer.tokenize(text).count("<|endoftext|>") == text.count("<|endoftext|>")
    assert tokenizer.encode(text).count(tokenizer.encode("<|endoftext|>")[0]) == text.count("<|endoftext|>")


def test_special_tokens_of_any_spelling_stay_whole_and_the_longest_counts():
    tokenizer = words(special_tokens=["<s>", "<s>!", "[a, b]"])
    assert tokenizer.tokenize("a<s>cat<s>!a[a, b].") == ["a", "<s>", "cat", "<s>!", "a", "[a, b]", "."]
    assert tokenizer.decode(tokenizer.encode("a<s>cat")) == "a <s> cat"


def test_a_vocabulary_of_ones_own_keeps_its_ids_and_its_special_tokens():
    tokenizer = WordTokenizer(["cat", ".", "<|endoftext|>", "?"], unknown="?")
    assert tokenizer.encode("dog cat.<|endoftext|>cat") == [3, 0, 1, 2, 0]
    assert WordTokenizer(["a", "[X Y]"], special_tokens=["[X Y]"]).encode("a[X Y]a") == [0, 1, 0]


def test_special_tokens_in_the_text_are_not_listed_twice():
    tokenizer = WordTokenizer.from_text("a<|endoftext|>b <|endoftext|>", special_tokens=["<|endoftext|>"])
    assert list(tokenizer.vocabulary.values()) == ["a", "b", "<|endoftext|>"]


@pytest.mark.parametrize(
    ("pattern", "tokens"),
    [
        (WORD_PATTERN, ["It", "'", "s", "a", "cat", "--", "no", "."]),
        (r"\s+", ["It's", "a", "cat--no."]),
        (r"(\s)", ["It's", "a", "cat--no."]),
        (r"(\w+)", ["It", "'", "s", "a", "cat", "--", "no", "."]),
        (r"\w+", ["'", "--", "."]),
    ],
)
def test_patterns(pattern, tokens):
    assert words(pattern=pattern).tokenize("It's a\tcat--no. ") == tokens


def test_an_unknown_word_is_named_with_its_place_and_the_remedy():
    with pytest.raises(UnknownTokenError) as caught:
        words().encode("a cat, a dog, a dog")
    assert isinstance(caught.value, KeyError)
    message = str(caught.value)
    assert message.startswith("'dog' is not in the vocabulary of 10 tokens (token 4 of the text, at character 9)")
    assert 'unknown="<|unk|>"' in message
    with pytest.raises(UnknownTokenError, match="token 2 of the text, at character 9"):
        WordTokenizer(["a", "bobcat"]).encode("a bobcat cat")  # not the one inside the word before


def test_unknown_words_become_the_unknown_token():
    tokenizer = words(special_tokens=SPECIAL, unknown="<|unk|>")
    assert tokenizer.encode("a dog, a bird") == [5, 10, 1, 5, 10]
    assert tokenizer.decode(tokenizer.encode("a dog, a bird")) == "a <|unk|>, a <|unk|>"
    first = WordTokenizer(["a", "<|unk|>"], unknown="<|unk|>")
    assert first.encode("a b") == [0, 1]  # id 0 is an id like any other


# ---- characters and bytes --------------------------------------------------------------------------------------------


@given(TEXT)
def test_characters_come_back(text):
    tokenizer = CharTokenizer.from_text(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert list(tokenizer.vocabulary.values()) == sorted(set(text))


def test_unknown_characters():
    tokenizer = CharTokenizer.from_text("banana")
    with pytest.raises(UnknownTokenError, match=r"'d' is not in the vocabulary of 3 tokens .*at character 3"):
        tokenizer.encode("band")
    tokenizer = CharTokenizer.from_text("banana", unknown="<|unk|>")
    assert (tokenizer.encode("band"), tokenizer.decode([1, 3])) == ([1, 0, 2, 3], "b<|unk|>")
    assert len(CharTokenizer.from_text("what?", unknown="?")) == 5  # it occurs: it is not added


@given(TEXT)
def test_bytes_come_back(text):
    tokenizer = ByteTokenizer()
    assert tokenizer.encode(text) == list(text.encode())
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(st.lists(st.integers(0, 255)))
def test_any_bytes_decode(ids):
    assert ByteTokenizer().decode(ids) == bytes(ids).decode(errors="replace")
    assert ByteTokenizer().vocabulary[195] == b"\xc3" and len(ByteTokenizer()) == len(ByteTokenizer().vocabulary) == 256


def test_a_lone_surrogate_has_no_bytes():
    with pytest.raises(ValueError, match="character 1 of the text is U\\+D83D"):
        ByteTokenizer().encode("a\ud83d")


# ---- all -------------------------------------------------------------------------------------------------------------

ALL = [words(), CharTokenizer.from_text("abc"), ByteTokenizer()]


@pytest.mark.parametrize("tokenizer", ALL, ids=repr)
def test_empty_text_and_kinds_of_ids(tokenizer):
    assert tokenizer.encode("") == [] and tokenizer.decode([]) == ""
    for ids in ([1, 2], (1, 2), iter([1, 2]), np.array([1, 2]), torch.tensor([1, 2])):
        assert tokenizer.decode(ids) == tokenizer.decode([1, 2])
    assert all(type(id) is int for id in tokenizer.encode("a"))


@pytest.mark.parametrize("tokenizer", ALL, ids=repr)
@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([0, 256], ValueError, "token id 256 is not in the vocabulary, whose ids reach from 0 to"),
        ([-1], ValueError, "token id -1 is not in the vocabulary"),
        ([1.0], TypeError, "token ids must be int, got 1.0"),
        (["a"], TypeError, "token ids must be int, got 'a': look it up first, with encode"),
        ([[1, 2]], TypeError, "token ids must be int, got [1, 2]: decode one row at a time"),
        (torch.tensor([[1, 2], [1, 2]]), TypeError, "got tensor([1, 2]): decode one row at a time"),
        (torch.tensor([1.0]), TypeError, "token ids must be int, got tensor(1.)"),
        (torch.tensor(1), TypeError, "ids must be a row of token ids such as [3, 1], got tensor(1)"),
        (3, TypeError, "ids must be a row of token ids such as [3, 1], got 3"),
        (None, TypeError, "ids must be a row of token ids such as [3, 1], got None"),
        ("abc", TypeError, "got a text: encode('abc') makes ids"),
    ],
)
def test_ids_that_are_refused(tokenizer, ids, error, message):
    with pytest.raises(error, match=re.escape(message)):
        tokenizer.decode(ids)


@pytest.mark.parametrize("tokenizer", ALL, ids=repr)
def test_text_must_be_text(tokenizer):
    with pytest.raises(TypeError, match=r"text must be a str, got bytes: pass text.decode\(\)"):
        tokenizer.encode(b"abc")
    with pytest.raises(TypeError, match="text must be a str, got list: pass one text at a time, or join them first"):
        tokenizer.encode(["a", "b"])
    with pytest.raises(TypeError, match="text must be a str, got int$"):
        tokenizer.encode(3)


def test_an_empty_vocabulary_has_no_ids():
    assert WordTokenizer([]).decode([]) == ""
    with pytest.raises(ValueError, match="token id 0 is not in the vocabulary, which is empty"):
        WordTokenizer([]).decode([0])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: WordTokenizer("abc"), TypeError, "vocabulary must be a list of str (the place is the id), got str"),
        (lambda: WordTokenizer({"a", "b"}), TypeError, "got set"),
        (lambda: WordTokenizer(["a", 1]), TypeError, "vocabulary[1] must be a str, got 1 (int)"),
        (lambda: WordTokenizer(["a", "b", "a"]), ValueError, "vocabulary[2] is 'a', twice in the list"),
        (lambda: WordTokenizer(["a", ""]), ValueError, "vocabulary[1] is '', the empty text"),
        (lambda: WordTokenizer(["a"], unknown="u"), ValueError, "unknown='u' is not in the vocabulary: add it"),
        (lambda: WordTokenizer(["a"], special_tokens=["s"]), ValueError, "special token 's' is not in the vocabulary"),
        (lambda: WordTokenizer(["a"], pattern="("), ValueError, "pattern '(' is not a regular expression"),
        (lambda: WordTokenizer(["a"], pattern="(a)|(b)"), ValueError, "has 2 groups, at most one is meant"),
        (lambda: WordTokenizer(["a"], pattern="a*"), ValueError, "matches the empty text"),
        (lambda: WordTokenizer(["a"], pattern=None), TypeError, "pattern must be a str, got NoneType"),
        (lambda: words(unknown="<|unk|>"), ValueError, "unknown='<|unk|>' must be one of special_tokens, got []"),
        (lambda: words(special_tokens="<|unk|>"), TypeError, "special_tokens must be a list of str"),
        (lambda: words(special_tokens=["x", "x"]), ValueError, "special_tokens[1] is 'x', twice in the list"),
        (lambda: WordTokenizer.from_text(3), TypeError, "text must be a str, got int"),
        (lambda: CharTokenizer(["a", "bc"]), ValueError, "vocabulary[1] must be one character, got 'bc'"),
        (lambda: CharTokenizer(["a"], unknown="b"), ValueError, "unknown='b' is not in the vocabulary"),
    ],
)
def test_what_cannot_become_a_tokenizer(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
