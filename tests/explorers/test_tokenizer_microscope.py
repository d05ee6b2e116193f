"""The tokenizer microscope without a browser; the host that shows it is tested in test_host.py."""

import itertools
import json
import re
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmlab.bpe import gpt2_encoding, train_bpe
from llmlab.corpus import load_text
from llmlab.explorers import TokenizerMicroscope
from llmlab.explorers.tokenizer_microscope.picture import describe, render
from llmlab.explorers.tokenizer_microscope.values import MAX_CHARACTERS, NAMES, Token, compute
from llmlab.tokenizers import CharTokenizer, WordTokenizer
from tests.explorers.answers import tokenize
from tests.explorers.html import Tags

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=MAX_CHARACTERS)


def look(text, inspect="GPT-2", words=None):
    return compute({"text": text, "inspect": inspect}, words)


# ---- the trace -------------------------------------------------------------------------------------------------------


@given(TEXT)
@example("<|endoftext|> <|unk|>")
@example("It's Zoë, unhelpfully 🎹")
def test_trace_against_the_tokenizers_themselves(text):
    trace = look(text)
    story = load_text()
    characters = CharTokenizer.from_text(story, unknown="<|unk|>")
    words = WordTokenizer.from_text(story, special_tokens=["<|unk|>"], unknown="<|unk|>")
    assert [row.name for row in trace.rows] == list(NAMES)
    assert trace.row("characters").ids == characters.encode(text)
    assert trace.row("bytes").ids == list(text.encode())
    assert trace.row("words").ids == words.encode(text)
    assert trace.row("BPE of the story").ids == story_bpe().encode(text)
    assert trace.row("GPT-2").ids == gpt2_encoding().encode_ordinary(text)
    assert trace.row("words").back == words.decode(words.encode(text))
    assert {trace.row(name).back for name in ("bytes", "BPE of the story", "GPT-2")} == {text}
    data = text.encode()
    for row in trace.rows:
        ends = [0, *(end for token in row.tokens for end in (token.start, token.stop)), len(data)]
        assert ends == sorted(ends)
        if row.name != "words":
            assert b"".join(data[token.start : token.stop] for token in row.tokens) == data
        assert all(data[t.start : t.stop] == t.text.encode() for t in row.tokens if t.text is not None)
    assert render(trace) and describe(trace)


@cache
def story_bpe():
    return train_bpe(load_text(), 512)


@given(st.text(" ab.,'-é", max_size=MAX_CHARACTERS))
def test_own_function_is_driven(text):
    own, ours = look(text, words=tokenize), look(text)
    assert own.own_function and not ours.own_function
    assert own.rows == ours.rows


def test_the_learners_own_cut_is_seen():
    trace = look("The piano, late.", "words", str.split)
    assert [token.text for token in trace.row("words").tokens] == ["The", "piano,", "late."]
    assert trace.row("words").vocabulary_size == len(set(load_text().split())) + 1
    trace = look("Yes.", "words", lambda text: re.split(r"([,.]|\s)", text))
    assert trace.row("words").tokens[-1] == Token("", trace.row("words").vocabulary_size - 1, 4, 4, known=False)
    assert "an empty token" in Tags(render(trace)).text


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda text: 7, "must return a list of str, got int"),
        (lambda text: text, "must return a list of str, got str"),
        (lambda text: [1, 2], "token 0 is 1"),
        (
            lambda text: text.lower().split(),
            "'zoë,', does not occur in the text after \"It's\"|'it's'|\"it's\", does not",
        ),
        (lambda text: text.split()[::-1], "does not occur in the text after"),
        (lambda text: itertools.repeat(""), "does the loop that makes them end"),
    ],
)
def test_answers_that_are_no_tokens(function, message):
    explorer = TokenizerMicroscope(function)
    with pytest.raises(ValueError, match=message):
        explorer.trace  # noqa: B018
    assert explorer.frame["error"]


def test_words_that_are_no_function_and_rows_that_are_not_there():
    explorer = TokenizerMicroscope(words=tokenize("The piano"))
    assert "words must be a function such as your tokenize, got list" in explorer.frame["html"]
    with pytest.raises(TypeError, match="write its name without parentheses"):
        explorer.trace  # noqa: B018
    with pytest.raises(KeyError, match="no row is called 'gpt2': the rows are characters, bytes, words"):
        TokenizerMicroscope().trace.row("gpt2")


def test_a_new_function_makes_old_frames_untrue():
    explorer = TokenizerMicroscope(tokenize)
    generation, tokens = explorer.frame["generation"], len(explorer.trace.row("words").tokens)
    explorer.words = str.split
    assert explorer.frame["generation"] == generation + 1
    assert len(explorer.trace.row("words").tokens) < tokens


# ---- what it teaches -------------------------------------------------------------------------------------------------


def test_first_state_makes_the_point():
    explorer = TokenizerMicroscope()
    trace = explorer.trace
    words = trace.row("words")
    assert [token.text for token in words.tokens] == ["It", "'", "s", "Zoë", ",", "unhelpfully", "🎹"]
    assert [token.text for token in words.tokens if not token.known] == ["unhelpfully"]
    assert words.back == "It' s Zoë, <|unk|> 🎹"
    assert [row.name for row in trace.rows if row.back != trace.text] == ["words"]
    assert any(token.text is None for token in trace.row("GPT-2").tokens)
    assert (len(trace.text), len(trace.row("bytes").tokens)) == (23, 27)
    assert not explorer.frame["reached"] and explorer.frame["target"] == "Not yet: 23 characters, 11 GPT-2 tokens."


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("Καλημέρα, φίλε μου", True),
        ("Доброе утро, друг", True),
        ("გამარჯობა, მეგობარო", True),
        ("🎹🎹🎹", False),
        ("zqxj" * 10, False),
        ("", False),
    ],
)
def test_target(text, reached):
    explorer = TokenizerMicroscope()
    explorer.set(text=text)
    assert explorer.frame["reached"] == reached == explorer.trace.more_tokens_than_characters
    assert explorer.frame["target"].startswith("Reached: " if reached else "Not yet: ")
    assert ("at least 12 characters are wanted" in explorer.frame["target"]) == (len(text) < 12)


def test_no_ascii_text_reaches_the_target():
    """Each ASCII character is a token already, so merging can only make fewer: the target needs another alphabet."""
    assert all(len(gpt2_encoding().encode_ordinary(chr(code))) == 1 for code in range(128))


def test_description_says_what_the_picture_shows():
    text = TokenizerMicroscope().frame["text"]
    assert text.startswith("23 characters. characters: 23 tokens; bytes: 27 tokens, 6 that are not whole characters;")
    assert 'words: 7 tokens, 1 of them unknown, coming back as "It\' s Zoë, <|unk|> 🎹"' in text


def test_parts_of_characters_are_named():
    shown = Tags(render(look("né", "bytes"))).text
    assert shown.count("part of é") == 2 and "c3" in shown and "a9" in shown
    assert " and " not in Tags(render(look("éü", "bytes"))).text  # each byte belongs to one character


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["It's Zoë, unhelpfully 🎹", "", "<|endoftext|>", "'\"\\\n"])
def test_code_reproduces_the_state(name, text, capsys):
    explorer = TokenizerMicroscope()
    explorer.set(inspect=name, text=text)
    exec(explorer.code(), {})
    ids, back = capsys.readouterr().out.split("\n")[:2]
    assert json.loads(ids) == explorer.trace.row(name).ids
    assert back == repr(explorer.trace.row(name).back)


@pytest.mark.parametrize("function", [str.split, tokenize, lambda text: text.split(" ")])
def test_code_cuts_words_as_the_picture_does(function, capsys):
    explorer = TokenizerMicroscope(function, text="The piano, late.")
    explorer.set(inspect="words")
    name = getattr(function, "__name__", "")
    exec(explorer.code(), {name if name.isidentifier() else "words": function})
    ids, back = capsys.readouterr().out.split("\n")[:2]
    row = explorer.trace.row("words")
    assert json.loads(ids) == row.ids and back == repr(row.back)


def test_the_code_of_a_function_that_fails_calls_it_all_the_same():
    def broken(text):
        raise RuntimeError("not yet")

    explorer = TokenizerMicroscope(broken)
    explorer._state["inspect"] = "words"
    with pytest.raises(RuntimeError, match="not yet"):
        exec(explorer.code(), {"broken": broken})
    blank = TokenizerMicroscope(lambda text: ...)
    blank.set(inspect="words")
    assert "WordTokenizer.from_text" in blank.code(), "where llmlab's words are shown, its tokenizer is the code"


def test_the_entry_for_unknown_words_is_said():
    """The lesson builds the same vocabularies without it, with one entry fewer."""
    rows = {row.name: row.vocabulary_size for row in look("a").rows}
    assert rows["characters"] == len(CharTokenizer.from_text(load_text())) + 1
    assert rows["words"] == len(WordTokenizer.from_text(load_text())) + 1
    assert "Characters, words: one entry of the vocabulary is <|unk|>" in Tags(render(look("a"))).text


# ---- its picture -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " ", "\n\t\r", "<|endoftext|>", "👨‍👩‍👧‍👦", "\u202e" * 9, "é", "\x00"])
def test_odd_texts(text):
    for name in NAMES:
        trace = look(text, name)
        assert Tags(render(trace)).tags and describe(trace)
    assert "\u202e" not in render(look("\u202e"))  # it would turn the page's own text round


def test_a_lone_surrogate_is_a_frame_and_raises_from_code():
    explorer = TokenizerMicroscope()
    assert "half of a surrogate" in explorer._frame_or_error({"text": "a\ud83d", "inspect": "bytes"})["html"]
    with pytest.raises(ValueError, match="half of a surrogate"):
        explorer.set(text="\ud83d")


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="text must have at most 40 characters, got 41"):
        TokenizerMicroscope(text="x" * 41)


def test_scripting():
    explorer = TokenizerMicroscope(tokenize)
    explorer.set(inspect="bytes", text="é")
    assert explorer.state == {"text": "é", "inspect": "bytes"} == explorer.frame["state"]
    explorer.reset()
    assert explorer.frame["html"] == render(look("It's Zoë, unhelpfully 🎹"))
    with pytest.raises(ValueError, match="inspect must be one of 'characters', 'bytes'"):
        explorer.set(inspect="sub-words")
