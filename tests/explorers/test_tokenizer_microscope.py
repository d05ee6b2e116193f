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
from llmlab.explorers.tokenizer_microscope.explorer import EXAMPLES
from llmlab.explorers.tokenizer_microscope.numbers import more
from llmlab.explorers.tokenizer_microscope.picture import WIDEST, render, segments
from llmlab.explorers.tokenizer_microscope.values import (
    FIRST_TEXT,
    LOOKED_AT,
    MAX_CHARACTERS,
    NAMES,
    Token,
    compute,
)
from llmlab.explorers.tokenizer_microscope.words import describe, why
from llmlab.tokenizers import CharTokenizer, WordTokenizer
from tests.explorers.answers import tokenize
from tests.explorers.html import Tags

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=MAX_CHARACTERS)


def look(text, inspect="GPT-2", words=None, token=8):
    return compute({"text": text, "inspect": inspect, "token": token}, words)


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
    assert render(trace) and more(trace) and describe(trace) and all(why(look(text, name)) for name in NAMES)
    assert trace.losing == tuple(row.name for row in trace.rows if row.back != text)


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
    assert "an empty token" in Tags(more(trace)).text


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


def test_a_row_that_is_not_there():
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
    assert not explorer.frame["reached"] and trace.losing == ("words",)
    assert explorer.frame["target"] == "Not yet: 23 characters, 11 GPT-2 tokens; not given back by: words."
    token = trace.closely
    assert "It's Zoë, unhelpfully 🎹".encode()[token.start : token.stop] == b" \xf0\x9f", "half an emoji is looked at"


@pytest.mark.parametrize(
    ("text", "reached", "losing"),
    [
        ("🎹 🎹 🎹 🎹 🎹 🎹 🎹", True, ""),
        ("the 🎹 🎹 🎹 🎹 🎹 🎹 🎹", True, ""),
        ("🎹 🎹 🎹", False, ""),  # too short
        ("🎹" * 12, False, "words"),  # no spaces, so it is one word that the story does not have
        ("Καλημέρα, φίλε μου", False, "characters, words"),
        ("გამარჯობა, მეგობარო", False, "characters, words"),
        ("the sheep came to the island", False, ""),
        ("zqxj" * 10, False, "words"),
        ("", False, ""),
    ],
)
def test_target(text, reached, losing):
    explorer = TokenizerMicroscope()
    explorer.set(text=text)
    status = explorer.frame["target"]
    assert explorer.frame["reached"] == reached and status.startswith("Reached: " if reached else "Not yet: ")
    assert ("at least 12 characters are wanted" in status) == (len(text) < 12)
    assert status.endswith(f"not given back by: {losing}." if losing else "every row gives it back.")


def test_the_target_takes_several_characters_of_several_bytes_spaces_and_length():
    """Of all texts that repeat one thing: only an emoji that is a word of the story, and only with the spaces."""
    explorer = TokenizerMicroscope()
    story = load_text()
    strange = sorted({word for word in re.findall(r"\S+", story) if not word.isascii()})
    assert "🎹" in "".join(strange) and len(strange) > 5
    reached = {
        word
        for word, between in itertools.product([*strange, "🎹", *EXAMPLES], ("", " ", "  "))
        for text in [between.join([word] * 12)[:MAX_CHARACTERS].strip()]
        if explorer.target(look(text))[0] and between == " "
    }
    assert "🎹" in reached and all("🎹" in word for word in reached)
    joined = ["🎹" * 12, "  ".join("🎹" * 12), *EXAMPLES]
    assert not any(explorer.target(look(text))[0] for text in joined)
    assert [n for n in range(1, 14) if explorer.target(look(" ".join("🎹" * n)))[0]] == [*range(7, 14)]


def test_what_the_question_says_is_so():
    assert [token.text for token in look(" unhelpfully").row("GPT-2").tokens] == [" un", "help", "fully"]
    answers = TokenizerMicroscope().question(look("a")).answers
    assert [right for _, right, _ in answers] == [False, True, False]


def test_no_ascii_text_reaches_the_target():
    """Each ASCII character is a token already, so merging can only make fewer: the target needs another alphabet."""
    assert all(len(gpt2_encoding().encode_ordinary(chr(code))) == 1 for code in range(128))


def test_description_says_what_the_picture_shows():
    text = TokenizerMicroscope().frame["text"]
    assert text.startswith("23 characters. characters: 23 tokens; bytes: 27 tokens, 6 that are not whole characters;")
    assert 'words: 7 tokens, 1 of them unknown, coming back as "It\' s Zoë, <|unk|> 🎹"' in text


def test_parts_of_characters_are_named():
    shown = Tags(more(look("né", "bytes"))).text
    assert shown.count("part of é") == 2 and "c3" in shown and "a9" in shown
    assert " and " not in Tags(more(look("éü", "bytes"))).text  # each byte belongs to one character


# ---- the reason ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "inspect", "said"),
    [
        ("né!", "characters", "each character is a token, so there are as many: 3. All of them occur in the story"),
        ("nü!", "characters", "ü is not in the story, so the id is that of <|unk|>"),
        ("né 🎹!", "bytes", "several bytes (é 2, 🎹 4), which makes 4 tokens more than characters"),
        ("now", "bytes", "stored as one byte, so there are as many tokens as characters"),
        ("the harpsichord came", "words", "harpsichord is not among the words of the story"),
        ("It's late", "words", "what stood between the tokens is dropped, and decoding guesses it: not as it was."),
        ("the sheep, late", "words", "the story has all of these words and marks"),
        (FIRST_TEXT, "BPE of the story", "The longest that it has here is ·Zoë. The bytes of 🎹 (4 tokens) stay cut"),
        (FIRST_TEXT, "GPT-2", "The longest that it has here is fully. The bytes of 🎹 (3 tokens) stay cut"),
        ("help", "GPT-2", "No character had to be cut."),
    ],
)
def test_the_reason(text, inspect, said):
    assert said in Tags(why(look(text, inspect))).text


def test_an_own_cut_that_drops_nothing_is_not_said_to_drop():
    trace = look("a, b", "words", lambda text: re.split(r"(\s)", text))
    assert trace.row("words").back != trace.text
    assert "decoding puts spaces between tokens where the text has none" in why(trace)


@given(TEXT.filter(bool), st.sampled_from(("BPE of the story", "GPT-2")))
def test_characters_that_are_cut_are_counted(text, inspect):
    trace = look(text, inspect)
    ends, cut = [0, *itertools.accumulate(len(c.encode()) for c in text)], {}
    for number, character in enumerate(text):
        parts = sum(t.start < ends[number + 1] and t.stop > ends[number] for t in trace.row(inspect).tokens)
        if parts > 1:
            cut.setdefault(character, parts)
    said = why(trace)
    assert ("stay cut" in said) == bool(cut) and ("No character had to be cut" in said) == (not cut)
    assert re.findall(r"\((\d+) tokens\)", said) == [str(parts) for parts in list(cut.values())[:3]]


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
    assert "Characters, words: one entry of the vocabulary is <|unk|>" in Tags(more(look("a"))).text


# ---- its picture -----------------------------------------------------------------------------------------------------


@given(TEXT.filter(bool), st.sampled_from(NAMES))
@example("unhelpfully" * 3, "words")
@example("私は猫です。" * 5, "words")
def test_segments_hold_the_whole_text_and_every_token(text, inspect):
    """They cover it byte by byte, are short, cut no character, and cut a token only where there is no other place."""
    trace = look(text, inspect)
    parts = segments(trace)
    ends = [0, *itertools.accumulate(len(c.encode()) for c in text)]
    assert [start for start, _ in parts] == [0, *(stop for _, stop in parts[:-1])] and parts[-1][1] == ends[-1]
    crossed = {at for row in trace.rows for t in row.tokens for at in range(t.start + 1, t.stop)}
    for start, stop in parts:
        assert 0 < stop - start <= WIDEST and stop in ends
        assert stop not in crossed or not [end for end in ends if start < end <= start + WIDEST and end not in crossed]
    drawn = re.findall(r'data-key="(\d)\.(\d+)\.(\d+)"', render(trace))
    first_pieces = {(int(row), int(start)) for row, start, left in drawn if start == left}
    wanted = {(n, t.start) for n, row in enumerate(trace.rows, 1) for t in row.tokens if t.stop > t.start}
    assert first_pieces == wanted
    lost = sum(len(text.encode()) - sum(t.stop - t.start for t in row.tokens) for row in trace.rows)
    assert render(trace).count('class="llmlab-lost"') == lost


def pressed(html, key):
    """What a press on an element sets."""
    found = re.search(rf"data-key=\"{re.escape(key)}\" data-set='(.*?)'", html)
    return found and json.loads(found[1])


def test_every_token_of_the_longest_text_can_be_put_under_the_lens():
    trace = look("🎹" * MAX_CHARACTERS, "bytes", token=LOOKED_AT - 1)
    tokens = trace.row("bytes").tokens
    assert len(tokens) == LOOKED_AT and trace.place == LOOKED_AT - 1
    last = len(tokens) - 1
    assert pressed(render(trace), f"2.{last}.{last}") == {"inspect": "bytes", "token": last}
    assert TokenizerMicroscope().limits(trace) == {"token": (0, last)}


def test_a_press_puts_a_token_under_the_lens():
    trace = look(FIRST_TEXT)
    html = render(trace)
    for number, row in enumerate(trace.rows, 1):
        for place, token in enumerate(row.tokens):
            wanted = {"inspect": row.name, "token": place}
            assert pressed(html, f"{number}.{token.start}.{token.start}") == wanted
    space = {"characters": 21, "bytes": 22, "words": 6, "BPE of the story": 13, "GPT-2": 8}
    for name, place in space.items():
        assert pressed(html, f"row {name}") == {"inspect": name, "token": place}, "the same place in another row"
        assert look(FIRST_TEXT, name, token=place).closely.stop > trace.closely.start


def test_the_lens_shows_which_bytes_of_its_characters_a_token_holds():
    lens = re.search('<div class="llmlab-lens">.*?</div></div>|<div class="llmlab-lens">.*', render(look(FIRST_TEXT)))[
        0
    ]
    assert re.findall('llmlab-(inside|outside)">(..)<', lens) == [
        ("inside", "20"),
        ("inside", "f0"),
        ("inside", "9f"),
        ("outside", "8e"),
        ("outside", "b9"),
    ]
    assert "part of 🎹" in lens and "<b>12520</b>" in lens
    assert "not in the vocabulary: id of &lt;|unk|&gt;" in render(look("harpsichord", "words"))
    assert "This row has no token" in render(look(" ", "words"))
    assert look("abc", "bytes", token=20).place == 2, "beyond the last is the last"


def test_bars_and_the_line_share_an_axis():
    html = render(look(FIRST_TEXT))
    widths = [float(width) for width in re.findall(r'llmlab-many-tokens"[^>]*width:(.*?)%', html)]
    assert widths == pytest.approx([100 * n / 27 for n in (23, 27, 7, 18, 11)], abs=0.06)
    assert set(re.findall(r'llmlab-line" style="left:(.*?)%', html)) == {f"{100 * 23 / 27:.1f}"}


def test_what_is_lost_and_what_is_made_up_are_marked():
    html = render(look(FIRST_TEXT))
    assert html.count("comes back") == 4
    assert "It&#x27;<u>·</u>s·Zoë,·<s>unhelpfully</s><u>&lt;|unk|&gt;</u>·🎹" in html


@pytest.mark.parametrize("text", ["", " ", "\n\t\r", "<|endoftext|>", "👨‍👩‍👧‍👦", "\u202e" * 9, "é", "\x00"])
def test_odd_texts(text):
    for name in NAMES:
        trace = look(text, name)
        assert Tags(render(trace)).tags and Tags(more(trace)).tags and describe(trace)
    trace = look("\u202e")
    assert "\u202e" not in render(trace) + more(trace) + why(trace) + why(
        look("\u202e", "bytes")
    )  # it would turn the page's own text round


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
    assert explorer.state == {"text": "é", "token": 8, "inspect": "bytes"} == explorer.frame["state"]
    explorer.reset()
    assert explorer.frame["html"] == render(look("It's Zoë, unhelpfully 🎹"))
    with pytest.raises(ValueError, match="inspect must be one of 'characters', 'bytes'"):
        explorer.set(inspect="sub-words")
