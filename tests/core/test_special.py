"""Finding special tokens, against the definition: at each place the longest name that begins there."""

from __future__ import annotations

import copy
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.bpe import BPETokenizer
from llmlab.utils.special import SpecialFinder

PIECES = ["<", "a", ">", "<a>", "<a><b>", "<b>c", "<|end|>", "<|", "c", "[", "]", "-", "^", "\\", "\n", "é"]


def found_by_hand(names, text):
    place, found = 0, []
    while place < len(text):
        name = max((name for name in names if text.startswith(name, place)), key=len, default="")
        if name:
            found.append((place, name))
        place += len(name) or 1
    return found


NAMES = st.sets(st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join), max_size=8)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(NAMES, TEXTS)
def test_finds_the_longest_name_at_each_place(names, text):
    finder = SpecialFinder(names)
    found = list(finder.find(text))
    assert found == found_by_hand(names, text)
    pieces = finder.split(text)
    assert "".join(pieces) == text and pieces[1::2] == [name for _, name in found]
    in_words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    assert pieces == (re.split(f"({in_words})", text) if names else [text])


@given(NAMES, TEXTS)
def test_undecided_is_where_a_name_may_still_come(names, text):
    finder = SpecialFinder(names)
    last = range(max(0, len(text) - finder.longest + 1), len(text))  # further back nothing can be missing
    expected = next((place for place in last if any(name.startswith(text[place:]) for name in names)), len(text))
    assert finder.undecided(text) == expected


def test_no_names_and_copies():
    assert SpecialFinder([]).split("a text") == ["a text"]
    finder = SpecialFinder({"<" * 2_000 + ">", "<"})
    for twin in (copy.deepcopy(finder), pickle.loads(pickle.dumps(finder))):
        assert list(twin.find("<<")) == [(0, "<"), (1, "<")]


def test_work_at_a_place_hardly_depends_on_the_number_of_names(monkeypatch):
    """Counted: how often a name is compared with the text. One after the other, it would be once for each name."""
    looked_up = []

    class Counted(dict):
        def __getitem__(self, name):
            looked_up.append(name)
            return super().__getitem__(name)

    counts = []
    for n in (100, 10_000):
        finder = SpecialFinder([f"<|{number}|>" for number in range(n)])
        finder._shorter = Counted(finder._shorter)
        looked_up.clear()
        assert len(list(finder.find("<|7|><|8|><|no|>" * 10))) == 20
        counts.append(len(looked_up))
    assert counts[0] == counts[1] <= 30


@pytest.mark.parametrize("n", [1, 2, 100])
def test_many_special_tokens_at_once(n):
    names = [f"<|{number}|>" for number in range(n)]
    tokenizer = BPETokenizer([], special_tokens=names)
    assert tokenizer.encode("".join(names), "all") == list(range(256, 256 + n))
    assert tokenizer.encode("".join(names), set(names)) == list(range(256, 256 + n))
    with pytest.raises(ValueError, match=re.escape(f"special token {names[-1]!r} at character 0")):
        tokenizer.encode(names[-1], names[:-1])
    with pytest.raises(ValueError, match=r"'<\|0\|>' is given 2 times"):
        BPETokenizer([], special_tokens=[*names, "<|0|>"])
