"""The cut between training and validation text: near the share asked for and at the best boundary, in any script."""

import re
import time

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from llmlab.training import split_text

TEXTS = {
    "English": "The piano came to the island on a Tuesday. Nobody had ordered it.\n\nSo it stayed.\n" * 40,
    "Chinese without a space or a stop": "春眠不觉晓处处闻啼鸟" * 600,
    "Chinese sentences": "春眠不觉晓。处处闻啼鸟！夜来风雨声。" * 100,
    "names, one a line": "Anna\nBartholomew\nChi\n" * 300,
    "Thai": "ภาษาไทยเขียนติดกันไม่เว้นวรรคและมีสระกับวรรณยุกต์" * 40,
    "Arabic": "كان يا ما كان في قديم الزمان؟ ملك يسكن في قصر كبير. " * 60,
    "one line": "once upon a time there was a cat " * 100,
    "Windows line ends": "one two three\r\nfour five\r\n\r\nsix\r\n" * 100,
    "letters only": "x" * 5_000,
    "spaces only": " " * 5_000,
    "documents": "one.\n\ntwo<|endoftext|>three four<|endoftext|>" * 100,
}


def bound(text, share):
    return max(1, len(text) * min(share, 1 - share) / 4 + 1)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_any_text_is_cut_near_the_share_asked_for(name, share):
    text = TEXTS[name]
    training, validation = split_text(text, share)
    assert training + validation == text and training and validation
    assert abs(len(validation) - share * len(text)) <= bound(text, share)


@given(text=st.text(min_size=2, max_size=400), share=st.floats(0.01, 0.99))
def test_every_text_is_cut_in_two_near_the_place(text, share):
    training, validation = split_text(text, share)
    assert training + validation == text and training and validation
    assert abs(len(validation) - share * len(text)) <= bound(text, share)


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("English", r"\.\n\n"),
        ("Chinese sentences", r"[。！]"),
        ("names, one a line", r"\n"),
        ("Arabic", r"[.؟] "),
        ("one line", r"\w "),
        ("Windows line ends", r"\r\n\r\n"),
        ("documents", r"<\|endoftext\|>"),
    ],
)
def test_the_cut_is_at_the_best_boundary(name, end):
    assert re.search(rf"{end}\Z", split_text(TEXTS[name])[0])


def test_a_better_boundary_is_taken_before_a_nearer_one():
    assert split_text("a b c d e f g h. i j k l m n o p q r s t", 0.5)[0] == "a b c d e f g h. "


def test_the_nearest_of_like_boundaries_is_taken():
    text = "x" * 880 + "\n" + "x" * 25 + "\n" + "x" * 93  # line ends after 881 and 907 of 1,000 characters
    assert len(split_text(text)[0]) == 907


def test_a_windows_line_end_at_the_edge_of_the_reach_stays_whole():
    text = "x" * 924 + "\r\n" + "x" * 74  # 925, between the two, is the last place that is near enough
    assert len(text) == 1_000 and len(split_text(text)[0]) == 900


@pytest.mark.parametrize("name", ["Thai", "Windows line ends", "English"])
def test_what_a_reader_sees_as_one_character_stays_whole(name):
    text = TEXTS[name].replace(" ", "") if name == "Windows line ends" else TEXTS[name]
    for extra in range(20):
        training, validation = split_text("x" * extra + text)
        whole = regex.findall(r"\X", training + validation)
        assert regex.findall(r"\X", training) + regex.findall(r"\X", validation) == whole


@pytest.mark.parametrize("unit", [".", "\n", " ", "x", "\n ", '."', "词"])
def test_ten_million_characters_take_ten_times_as_long_as_one(unit):
    def split(length):
        text, start = unit * (length // len(unit)), time.process_time()
        training, _ = split_text(text)
        assert 0.874 < len(training) / len(text) < 0.926
        return time.process_time() - start

    assert min(split(10_000_000) / split(1_000_000) for _ in range(2)) < 30  # with steps back it would be a hundred


@pytest.mark.parametrize(
    ("text", "share", "error", "said"),
    [
        ("", 0.1, ValueError, "a text of 0 characters cannot be cut in two: use a longer one"),
        ("x", 0.1, ValueError, "a text of 1 characters"),
        ("some text", 0, ValueError, "validation_share must be between 0 and 1, got 0"),
        ("some text", "0.1", TypeError, "validation_share must be a number"),
        (b"some text", 0.1, TypeError, "text must be a str, got bytes"),
    ],
)
def test_what_cannot_be_cut_is_refused(text, share, error, said):
    with pytest.raises(error, match=said):
        split_text(text, share)
